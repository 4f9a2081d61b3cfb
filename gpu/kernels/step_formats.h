// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "gpu/kernels/kv_format.h"
#include "gpu/kernels/swizzle.h"

namespace decodescope::gpu {

/// How the kernels keep a matrix of weights. F16 and BF16: [row][column]. Q8 and Q4 have the blocks
/// of q8_0 and q4_0 (GGUF) apart, so that every 16 bytes are one load: rows of 8 or 4 bits, by
/// weightPlace(), and [row][column / 32] scales of f16. Bytes are the same.
enum class WeightFormat : std::uint8_t { F16, BF16, Q8, Q4 };

/// Weights that share a scale.
inline constexpr int kWeightBlock = 32;

DECODESCOPE_HOST_DEVICE constexpr bool hasScales(WeightFormat format) {
    return format == WeightFormat::Q8 || format == WeightFormat::Q4;
}

/// Of 16 bytes.
DECODESCOPE_HOST_DEVICE constexpr int weightsPerChunk(WeightFormat format) {
    return format == WeightFormat::Q4 ? 32 : format == WeightFormat::Q8 ? 16 : 8;
}

/// What a matrix's inputs are kept as: bf16 beside bf16, else f16.
DECODESCOPE_HOST_DEVICE constexpr KvFormat inputFormat(WeightFormat format) {
    return format == WeightFormat::BF16 ? KvFormat::BF16 : KvFormat::F16;
}

/// Chunks of 16 bytes of a row, without its scales. Precondition: whole chunks (and whole blocks).
DECODESCOPE_HOST_DEVICE constexpr int rowChunks(WeightFormat format, int columns) {
    return columns / weightsPerChunk(format);
}

/// Chunks of a row of Q8 or Q4 that a warp multiplies at once, a lane one of them: as many blocks
/// of 32 as blocksOfStep(), of each of which a lane has kBlockShare.
inline constexpr int kStepChunks = 4;
inline constexpr int kBlockShare = kWeightBlock / kStepChunks;
DECODESCOPE_HOST_DEVICE constexpr int blocksOfStep(WeightFormat format) {
    return kStepChunks * weightsPerChunk(format) / kWeightBlock;
}

/// Where in its row, counted in weights from the lowest bits, the weight of a column of Q8 or Q4
/// lies. A lane's share of a block is one word of nibbles or two words of bytes; in a step of
/// whole blocks its chunk has its shares of all of them, and what is left at the end of a row lies
/// block by block, a lane's share after the other's. Nibbles i and i + 4 of a word are neighbours,
/// so that one mask takes a pair of them.
DECODESCOPE_HOST_DEVICE constexpr int weightPlace(WeightFormat format, int columns, int column) {
    const int ofStep = blocksOfStep(format) * kWeightBlock;
    const int first = column / ofStep * ofStep;
    const int block = (column - first) / kWeightBlock;
    const int lane = column % kWeightBlock / kBlockShare;
    const int share = column % kBlockShare;
    const int within = format == WeightFormat::Q4 ? share % 2 * 4 + share / 2 : share;
    const bool whole = first + ofStep <= columns;
    const int shares = whole ? lane * blocksOfStep(format) + block : block * kStepChunks + lane;
    return first + shares * kBlockShare + within;
}

/// Bytes before the scales of a matrix of so many rows.
DECODESCOPE_HOST_DEVICE constexpr std::int64_t scalesOffset(WeightFormat format, std::int64_t rows,
                                                            int columns) {
    return rows * rowChunks(format, columns) * kChunkBytes;
}

/// Bytes of a matrix.
DECODESCOPE_HOST_DEVICE constexpr std::int64_t matrixBytes(WeightFormat format, std::int64_t rows,
                                                           int columns) {
    const std::int64_t scales = hasScales(format) ? rows * (columns / kWeightBlock) * 2 : 0;
    return scalesOffset(format, rows, columns) + scales;
}

/// Nibbles `pair` and pair + 4 of a word as a pair of f16, each too large by 1032: nibbles are 8
/// more than their weights, and are put into the mantissa of 1024.
DECODESCOPE_HOST_DEVICE constexpr std::uint32_t biasedNibbles(std::uint32_t word, int pair) {
    return ((word >> (4 * pair)) & 0x000F000FU) | 0x64006400U;
}
inline constexpr std::uint32_t kNibbleBias = 0x64086408U;

// ---- a number becomes an element of an 8-bit cache
// -----------------------------------------------

/// The nearest E4M3 (OCP 8-bit floating point, revision 1.0) of the float with these bits, ties to
/// even; what is larger than 448 becomes 448, a NaN stays one.
DECODESCOPE_HOST_DEVICE constexpr std::uint8_t toE4m3(std::uint32_t bits) {
    const auto sign = static_cast<std::uint8_t>(bits >> 24 & 0x80U);
    const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
    if (magnitude > 0x7F800000U)
        return static_cast<std::uint8_t>(sign | 0x7FU);
    if (magnitude >= 0x43E00000U) // 448
        return static_cast<std::uint8_t>(sign | 0x7EU);
    if (magnitude >= 0x3C800000U) { // 2^-6 and more: normal
        const std::uint32_t rounded = magnitude + 0x7FFFFU + (magnitude >> 20 & 1U);
        return static_cast<std::uint8_t>(sign | ((rounded - 0x3C000000U) >> 20));
    }
    // Multiples of 2^-9: the mantissa with its leading one, moved down and rounded.
    const auto exponent = static_cast<int>(magnitude >> 23);
    const int shift = 141 - exponent; // 23 + (118 − exponent): at 2^-9 one step is left
    if (shift > 24)
        return sign;
    const std::uint32_t mantissa = (magnitude & 0x7FFFFFU) | 0x800000U;
    const std::uint32_t half = (1U << (shift - 1)) - 1U + (mantissa >> shift & 1U);
    return static_cast<std::uint8_t>(sign | ((mantissa + half) >> shift));
}

} // namespace decodescope::gpu
