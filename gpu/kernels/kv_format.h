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
/// scale (keys) and the output (values), never into an element. (Where the device converts E4M3
/// itself, it is 1: elementScale().)
DECODESCOPE_HOST_DEVICE constexpr float expansionScale(KvFormat format) {
    return format == KvFormat::E4M3 ? 256.0F : 1.0F;
}

/// Two E4M3 (OCP 8-bit floating point, revision 1.0) in the high bytes of the halves of `bytes`, of
/// which the low ones are 0, as f16 pairs of 2^-8 times the value; exact, subnormals too. A NaN,
/// which no cache holds, reads as ±480 × 2^-8.
DECODESCOPE_HOST_DEVICE constexpr std::uint32_t expandE4m3(std::uint32_t bytes) {
    return (bytes & 0x80008000U) | ((bytes >> 1) & 0x3F803F80U);
}

/// A signed byte with its sign turned is the low mantissa of 1152 plus the byte as an f16, whose
/// high byte is one of kInt8Exponents; less kInt8Bias (1152, twice) it is exact.
inline constexpr std::uint32_t kInt8Signs = 0x80808080U;
inline constexpr std::uint32_t kInt8Exponents = 0x64646464U;
inline constexpr std::uint32_t kInt8Bias = 0x64806480U;

} // namespace decodescope::gpu
