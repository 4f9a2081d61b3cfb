// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>

#include "core/cpu/thread_pool.h"
#include "core/spec/data_type.h"

namespace decodescope {

/// out[sequence][row] = Σ_column weights[row][column] × in[sequence][column]: the linear layers of
/// a decode step. Each weight is read from memory once for the whole batch (a batch of more than 64
/// finds it again in a cache); sums are f32.
///
/// F32, F16 and BF16 weights meet f32 inputs. Quantised ones meet inputs rounded to integers, so
/// that products are exact and two or four are made by one instruction: Q8_0 to 16 bits, one scale
/// a sequence (relative error of a product of random vectors near 1e-4); Q4_0 to 8 bits, one scale
/// for 32 columns (near 5e-3, a tenth of what the weights lost when they were quantised).
struct Projection {
    DataType type = DataType::F16;      ///< F32, F16, BF16, Q8_0 or Q4_0
    const std::byte* weights = nullptr; ///< as panels (weight_panels.h), on a boundary of 64
    std::int64_t rows = 0;
    std::int64_t columns = 0; ///< whole blocks of `type`
    std::int64_t batch = 1;
    const float* in = nullptr;
    float* out = nullptr;
    bool add = false; ///< adds to `out` (a residual) where it is set
    /// Room for the inputs as the kernels read them: projectionScratchBytes() bytes on a boundary
    /// of 64. Null: project() allocates it.
    std::byte* scratch = nullptr;
    /// False: as on a CPU that has no dot products of integers. The sums are the same.
    bool dotProducts = true;
};

[[nodiscard]] std::uint64_t projectionScratchBytes(DataType type, std::int64_t columns,
                                                   std::int64_t batch);

/// False where a stop request left rows undone, or where there is no room for a scratch.
[[nodiscard]] bool project(ThreadPool& pool, const Projection& projection,
                           const std::stop_token& stop);

} // namespace decodescope
