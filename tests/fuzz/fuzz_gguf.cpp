// SPDX-License-Identifier: Apache-2.0
#include "core/import/model_file.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/use_model.h"

namespace decodescope::fuzz {
namespace {

/// Behind a header stands the data of its tensors, which no reader looks at: a hole of this size is
/// put in its place, or none.
constexpr std::uint64_t kHoles[] = {0, 1 << 20};

} // namespace

/// One file, or two as the parts of a split model.
void gguf(std::string_view bytes) {
    const std::uint64_t choice = numberOf(bytes);
    const std::uint64_t hole = kHoles[choice % 2];
    const auto parts = partsOf(bytes, 2);
    if (parts.size() == 1)
        return useResult(readModelFile(writeInput("model.gguf", bytes, hole)), choice / 2);
    const auto first = writeInput("m-00001-of-00002.gguf", parts[0], hole);
    writeInput("m-00002-of-00002.gguf", parts[1], hole);
    useResult(readModelFile(first), choice / 2);
}

} // namespace decodescope::fuzz
