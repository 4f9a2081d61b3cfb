// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "core/spec/data_type.h"

namespace decodescope {

/// Whether values of the type share a scale in blocks: q8_0, q4_0 and the other types of GGUF.
[[nodiscard]] inline bool inBlocks(DataType type) {
    return info(type).blockElements > 1;
}

/// IEEE 754 binary16, rounded to nearest even.
[[nodiscard]] inline std::uint16_t toF16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
    const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
    if (magnitude >= 0x7F800000U) // infinity, or a NaN that stays one
        return static_cast<std::uint16_t>(sign | (magnitude > 0x7F800000U ? 0x7E00U : 0x7C00U));
    if (magnitude >= 0x477FF000U) // 65520 and above
        return static_cast<std::uint16_t>(sign | 0x7C00U);
    if (magnitude < 0x38800000U) { // subnormal: multiples of 2^-24
        const float scaled = std::abs(value) * 16777216.0F;
        return static_cast<std::uint16_t>(sign |
                                          static_cast<std::uint16_t>(std::nearbyint(scaled)));
    }
    const std::uint32_t rounded = magnitude - 0x38000000U + 0xFFFU + ((magnitude >> 13) & 1U);
    return static_cast<std::uint16_t>(sign | (rounded >> 13));
}

[[nodiscard]] inline float fromF16(std::uint16_t half) {
    const std::uint32_t sign = (half & 0x8000U) << 16;
    const std::uint32_t exponent = (half >> 10) & 0x1FU;
    const std::uint32_t mantissa = half & 0x3FFU;
    if (exponent == 0)
        return std::copysign(static_cast<float>(mantissa) * 0x1p-24F, sign ? -1.0F : 1.0F);
    const std::uint32_t wide = exponent == 31 ? 0xFFU : exponent + 112U;
    return std::bit_cast<float>(sign | (wide << 23) | (mantissa << 13));
}

/// bfloat16, rounded to nearest even.
[[nodiscard]] inline std::uint16_t toBf16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U)
        return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
    return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

[[nodiscard]] inline float fromBf16(std::uint16_t half) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

/// `value` as F32, F16 or BF16 holds it.
[[nodiscard]] inline float roundedTo(DataType type, float value) {
    if (type == DataType::F16)
        return fromF16(toF16(value));
    return type == DataType::BF16 ? fromBf16(toBf16(value)) : value;
}

} // namespace decodescope
