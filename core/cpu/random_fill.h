// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/cpu/buffer.h"
#include "core/cpu/thread_pool.h"
#include "core/spec/data_type.h"

namespace decodescope {

/// Fills `buffer` with random values. F32, F16 or BF16: ±[0.5, 2) × 2^log2Scale, mean 0, never zero
/// and never a NaN. Q8_0 or Q4_0: every value of their range alike, with scales that bring them
/// near 2^log2Scale. The same seed gives the same bytes, whatever the threads. All
/// threads touch the pages first. False where a stop request left bytes unwritten.
[[nodiscard]] bool fillRandom(ThreadPool& pool, Buffer& buffer, DataType type, std::uint64_t seed,
                              int log2Scale, const std::stop_token& stop);

/// The same for the matrix of a linear layer in panels (weight_panels.h), where the scales of 16
/// rows are together: panelBytes() bytes.
[[nodiscard]] bool fillRandomPanels(ThreadPool& pool, std::span<std::byte> panels, DataType type,
                                    std::uint64_t seed, int log2Scale, const std::stop_token& stop);

/// The same as fillRandom() for one piece of memory of F32, F16, BF16 or Int8 (any byte), by the
/// calling thread.
void fillRandomBytes(std::byte* at, std::uint64_t bytes, DataType type, std::uint64_t seed,
                     int log2Scale);

} // namespace decodescope
