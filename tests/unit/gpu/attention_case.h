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
    int blocksAtOnce = 1;             ///< that the GPU runs: with more, contexts are split
    bool scales = false;              ///< 8-bit: a scale for each KV head
    bool flat = false;                ///< equal scores, values around 0.5
};

/// Runs what planAttention() plans for `gpu` through the emulator; outputs are poisoned first, and
/// so is what the cache has beyond the contexts. Returns ‖out − reference‖ / ‖reference‖ against
/// the double reference on the same rounded inputs. Throws std::runtime_error where the emulator
/// found a fault, or nothing was planned.
[[nodiscard]] double emulatedError(const GpuProperties& gpu, const AttentionCase& test);

} // namespace decodescope
