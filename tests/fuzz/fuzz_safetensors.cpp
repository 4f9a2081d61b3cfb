// SPDX-License-Identifier: Apache-2.0
#include "core/import/model_file.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/use_model.h"

namespace decodescope::fuzz {

/// One file alone; config.json and one file; config.json, index and one or two parts.
void safetensors(std::string_view bytes) {
    static constexpr const char* kNames[] = {"config.json", "model.safetensors.index.json",
                                             "model-00001-of-00002.safetensors",
                                             "model-00002-of-00002.safetensors"};
    const std::uint64_t choice = numberOf(bytes);
    const auto parts = partsOf(bytes, 4);
    for (const char* name : kNames)
        removeInput(name);
    removeInput("model.safetensors");
    std::filesystem::path file;
    if (parts.size() <= 2) {
        if (parts.size() == 2)
            writeInput(kNames[0], parts[0]);
        file = writeInput("model.safetensors", parts.back());
    } else {
        for (std::size_t i = 0; i < parts.size(); ++i)
            file = writeInput(kNames[i], parts[i]);
    }
    const bool folder = choice % 2 == 0 && parts.size() > 1; // never one without a file to read
    useResult(readModelFile(folder ? inputFolder() : file), choice / 2);
}

} // namespace decodescope::fuzz
