// SPDX-License-Identifier: Apache-2.0
#include "core/import/model_file.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/use_model.h"

namespace decodescope::fuzz {

void hfConfig(std::string_view bytes) {
    useResult(readModelFile(writeInput("config.json", bytes)), numberOf(bytes));
}

} // namespace decodescope::fuzz
