// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "gpu/kernels/qualifiers.h"

namespace decodescope::gpu {

/// How the kernels' KV cache keeps an element.
enum class KvFormat : std::uint8_t { F16, BF16, E4M3, Int8 };

/// Bytes of one element.
DECODESCOPE_HOST_DEVICE constexpr int elementBytes(KvFormat format) {
    return format == KvFormat::F16 || format == KvFormat::BF16 ? 2 : 1;
}

/// What expanded elements must be multiplied by. E4M3 is expanded by moving its bits into an f16,
/// whose exponent has a bias of 15 where E4M3 has 7: the kernels fold the 2^8 into the softmax
/// scale (keys) and the output (values), never into an element.
DECODESCOPE_HOST_DEVICE constexpr float expansionScale(KvFormat format) {
    return format == KvFormat::E4M3 ? 256.0F : 1.0F;
}

/// Bytes i and j of `word` in the low bytes of the two halves of a 32-bit word.
DECODESCOPE_HOST_DEVICE constexpr std::uint32_t twoBytes(std::uint32_t word, int i, int j) {
    return ((word >> (8 * i)) & 0xFFU) | (((word >> (8 * j)) & 0xFFU) << 16);
}

/// Two E4M3 (OCP 8-bit floating point, revision 1.0) in the low bytes of `bytes`, as f16 pairs of
/// 2^-8 times the value; exact, subnormals too. A NaN, which no cache holds, reads as ±480 × 2^-8.
DECODESCOPE_HOST_DEVICE constexpr std::uint32_t expandE4m3(std::uint32_t bytes) {
    return ((bytes << 8) & 0x80008000U) | ((bytes << 7) & 0x3F803F80U);
}

/// Two signed bytes in the low bytes of `bytes`, as f16 pairs of 1152 plus the value (the byte with
/// its sign turned is the low mantissa of 1024); less kInt8Bias they are exact.
DECODESCOPE_HOST_DEVICE constexpr std::uint32_t expandBiasedInt8(std::uint32_t bytes) {
    return (bytes ^ 0x00800080U) | 0x64006400U;
}
/// 1152 as an f16, twice.
inline constexpr std::uint32_t kInt8Bias = 0x64806480U;

} // namespace decodescope::gpu
