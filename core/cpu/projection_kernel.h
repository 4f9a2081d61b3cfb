// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>

#include "core/cpu/thread_pool.h"
#include "core/spec/data_type.h"

namespace decodescope {

/// out[sequence][row] = Σ_column weights[row][column] × in[sequence][column]: the linear layers of
/// a decode step. Weights are F32, F16 or BF16 in rows, each read from memory once for the whole
/// batch; sums are f32.
struct Projection {
    DataType type = DataType::F16;
    const std::byte* weights = nullptr;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::int64_t batch = 1;
    const float* in = nullptr;
    float* out = nullptr;
    bool add = false; ///< adds to `out` (a residual) where it is set
};

/// False where a stop request left rows undone.
[[nodiscard]] bool project(ThreadPool& pool, const Projection& projection,
                           const std::stop_token& stop);

} // namespace decodescope
