// SPDX-License-Identifier: Apache-2.0
#include "core/spec/printable_text.h"

namespace decodescope {

std::string printable(std::string_view text) {
    constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
        const bool c1 = byte == 0xC2 && next >= 0x80 && next <= 0x9F; // U+0080 to U+009F
        if (byte >= 0x20 && byte != 0x7F && !c1) {
            out += text[i];
            continue;
        }
        out += kReplacement;
        i += c1 ? 1 : 0;
    }
    return out;
}

} // namespace decodescope
