// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/spec/data_type.h"
#include "gpu/gpu_properties.h"

namespace decodescope {

/// One attention call of a GPU kernel on the host.
struct AttentionCase {
    DataType type = DataType::F16;
    int headDim = 128;
    int group = 1;
    int nKvHeads = 1;
    std::vector<int> contexts = {65}; ///< tokens of each sequence
    int pageTokens = 0;               ///< 0: a contiguous cache
    int splits = 1;                   ///< most parts of a context
    bool scales = false;              ///< 8-bit: a scale for each KV head
    bool flat = false;                ///< equal scores, values around 0.5
};

/// Runs the kernel that chooseKernel() takes on `gpu`, and the combine kernel, through the
/// emulator; outputs are poisoned first, and so is what the cache has beyond the contexts. Returns
/// ‖out − reference‖ / ‖reference‖ against the double reference on the same rounded inputs.
/// Throws std::runtime_error where the emulator found a fault, or no kernel was chosen.
[[nodiscard]] double emulatedError(const GpuProperties& gpu, const AttentionCase& test);

} // namespace decodescope
