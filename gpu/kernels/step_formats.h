// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "gpu/kernels/kv_format.h"
#include "gpu/kernels/swizzle.h"

namespace decodescope::gpu {

/// How the kernels keep a matrix of weights. F16 and BF16: [row][column]. Q8 and Q4 have the blocks
/// of q8_0 and q4_0 (GGUF) apart, so that every 16 bytes are one load: [row][column] of 8 or 4
/// bits, and [row][column / 32] scales of f16. Bytes are the same.
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

// ---- integers become floats without a conversion
// ------------------------------------------------- A float of [2^n, 2^(n + 1)) counts steps in the
// highest bits of its mantissa. The bits of an integer are put there, and what the float is too
// large by is taken off a whole sum: Σ (offset + w) x − offset Σ x.

/// What biasedWeight() is too large by.
DECODESCOPE_HOST_DEVICE constexpr float weightOffset(WeightFormat format) {
    return format == WeightFormat::Q8 ? 384.0F : 24.0F;
}

DECODESCOPE_HOST_DEVICE constexpr std::uint32_t shiftedLeft(std::uint32_t word, int bits) {
    return bits < 0 ? word >> -bits : word << bits;
}

/// The bits of the float weightOffset() + w, of weight `i` of a 32-bit word: signed byte i
/// (0 … 3) as 256 + (w + 128), or nibble i (0 … 7, from the lowest) less 8 as 16 + (w + 8).
DECODESCOPE_HOST_DEVICE constexpr std::uint32_t biasedWeight(WeightFormat format,
                                                             std::uint32_t word, int i) {
    return format == WeightFormat::Q8 ? (shiftedLeft(word, 15 - 8 * i) & 0x007F8000U) ^ 0x43C00000U
                                      : (shiftedLeft(word, 19 - 4 * i) & 0x00780000U) | 0x41800000U;
}

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
