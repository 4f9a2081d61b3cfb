// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/cpu/projection_kernel.h"

namespace decodescope {

/// One unit of work of a projection.
struct ProjectionPart {
    std::int64_t row = 0, rowEnd = 0;
    std::int64_t sequence = 0, sequenceEnd = 0; ///< kMostSequences at most
};

/// Sequences of one part, so that a stop request is heard.
constexpr std::int64_t kMostSequences = 64;

// Inputs of a sequence in the scratch start a little beyond a multiple of the page size after those
// of the sequence before: else they all meet in one set and one bank of the first-level cache.
constexpr std::int64_t kApartBytes = 96;

/// Floats from one sequence to the next.
inline std::int64_t floatStride(std::int64_t columns) {
    return columns + kApartBytes / static_cast<std::int64_t>(sizeof(float));
}
/// 16-bit integers from one sequence to the next.
inline std::int64_t wordStride(std::int64_t columns) {
    return columns + kApartBytes / static_cast<std::int64_t>(sizeof(std::int16_t));
}
/// Bytes from one sequence to the next where 64 inputs of 8 bits are 128 bytes with their scales.
inline std::int64_t pairStrideBytes(std::int64_t columns) {
    return (columns + 63) / 64 * 128 + kApartBytes;
}

inline void putSum(const Projection& p, std::int64_t row, std::int64_t sequence, float sum) {
    float& out = p.out[sequence * p.rows + row];
    out = p.add ? out + sum : sum;
}

} // namespace decodescope
