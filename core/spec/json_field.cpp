// SPDX-License-Identifier: Apache-2.0
#include "core/spec/json_field.h"

#include <fmt/format.h>

namespace decodescope::json_field {

void failMissing(const char* key) {
    throw BadField(fmt::format("the key \"{}\" is missing", key));
}

void failType(const char* key, const char* expected, const nlohmann::json& value) {
    constexpr std::size_t kShown = 40;
    std::string found =
        value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).substr(0, kShown);
    throw BadField(fmt::format("\"{}\" should be {}, but is {}", key, expected, found));
}

void failInside(const char* key, const nlohmann::json::exception& cause) {
    throw BadField(fmt::format("in \"{}\": {}", key, cause.what()));
}

} // namespace decodescope::json_field
