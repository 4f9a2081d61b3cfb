// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace decodescope::fuzz {

/// What each target does with any bytes whatsoever: reads them as one kind of input, and goes on
/// with what was accepted. Ends the program where a promise is broken; sanitizers end it where the
/// language's rules are.
void hfConfig(std::string_view bytes);    ///< a config.json
void gguf(std::string_view bytes);        ///< a GGUF file or the parts of a split one
void safetensors(std::string_view bytes); ///< config.json, index and parts of safetensors
void recording(std::string_view bytes);   ///< JSON Lines or an array of records
void qualityCsv(std::string_view bytes);  ///< a table of quality numbers
void options(std::string_view bytes);     ///< sizes, shares, token lists, engines, types

struct Target {
    std::string_view name; ///< of the program, the dictionary and the folder of seeds
    void (*run)(std::string_view bytes);
};
inline constexpr std::array kTargets = {
    Target{"hf_config", hfConfig},      Target{"gguf", gguf},
    Target{"safetensors", safetensors}, Target{"quality_csv", qualityCsv},
    Target{"recording", recording},     Target{"options", options},
};

/// What parts of a file set are divided by in one input.
inline constexpr std::string_view kPartMark = "\n%%part\n";

} // namespace decodescope::fuzz
