// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/engine/ceilings.h"
#include "core/spec/cache_law.h"

namespace decodescope {

/// What the attention kernels multiply with.
enum class AttentionArithmetic : std::uint8_t {
    F32,     ///< f32 multiply-adds; what the cache holds is read exactly
    Bf16Dot, ///< the CPU's dot products of bf16 pairs: AVX-512 BF16, NEON BFDOT
    /// The same loops with each dot product made of f32 multiply-adds: slow, on any CPU, for tests.
    Bf16DotEmulated,
    Bf16Matrix,         ///< the CPU's products of small matrices of bf16: Intel AMX
    Bf16MatrixEmulated, ///< the same loops on any CPU, for tests
    /// The same unit for a cache of f16, int8, q8_0 or q4_0: each number becomes one to three of
    /// bf16 that add up to it; with f16 so that the result is that of f32 arithmetic.
    SplitMatrix,
    SplitMatrixEmulated, ///< the same loops on any CPU, for tests
    /// The CPU's dot products of four bytes: AVX-512 VNNI, NEON SDOT; with AVX2 of two numbers of
    /// 16 bits.
    Int8Dot,
    Int8DotEmulated, ///< the same loops on any CPU, for tests
};

/// Whether the unit of products of bf16 does the work.
[[nodiscard]] constexpr bool multipliesBf16(AttentionArithmetic unit) {
    return unit >= AttentionArithmetic::Bf16Dot && unit <= AttentionArithmetic::SplitMatrixEmulated;
}

/// Whether it takes queries and weights as bf16.
[[nodiscard]] constexpr bool roundsToBf16(AttentionArithmetic unit) {
    return unit >= AttentionArithmetic::Bf16Dot && unit <= AttentionArithmetic::Bf16MatrixEmulated;
}

/// The unit of Ceilings that does the work.
[[nodiscard]] constexpr DotUnit dotUnitOf(AttentionArithmetic unit) {
    if (roundsToBf16(unit))
        return DotUnit::Bf16;
    if (multipliesBf16(unit))
        return DotUnit::SplitBf16;
    return unit == AttentionArithmetic::Int8Dot || unit == AttentionArithmetic::Int8DotEmulated
               ? DotUnit::Int8
               : DotUnit::None;
}

/// Query heads of a KV head from which on dot products are used. A bf16 cache asks for as many
/// FLOP a byte as its group has heads, and a core's roofs meet at 4 to 10 (f32 with 512-bit
/// multiply-adds): further left f32 arithmetic waits for memory as well, and is more exact.
inline constexpr std::int64_t kBf16DotLeastGroup = 10;

/// The same of matrix products, which leave f32 behind at fewer heads.
inline constexpr std::int64_t kBf16MatrixLeastGroup = 8;
/// And of those of a cache that is split first. Measured on Emerald Rapids, a core to itself and
/// the cache in its own: of f16 12, 16 and 32 heads take 0.84, 0.70 and 0.61 of the time of f32
/// arithmetic; from memory, beside others who use the core's matrix unit, 1.07, 0.91 and 0.92.
inline constexpr std::int64_t kSplitF16LeastGroup = 16;
/// Beside dot products of int8, in the core's own cache: of int8 24 and 32 heads take 0.92 and 0.83
/// of the time, of q8_0 1.06 and 0.89, of q4_0 0.87 and 0.73.
inline constexpr std::int64_t kSplitIntegersLeastGroup = 24;

/// Units of dot products, and of matrix products, that a CPU has.
struct DotUnits {
    bool bf16 = false, int8 = false, bf16Matrix = false;
    bool bf16Fast = true; ///< dot products of bf16 do more than multiply-adds of f32
};

/// The unit for a cache of these types that `group` query heads read: matrix or dot products of
/// bf16 where its keys and values are both bf16, matrix products of bf16 parts where each is f16,
/// int8, q8_0 or q4_0, dot products of int8 where each is one of the last three.
[[nodiscard]] AttentionArithmetic attentionArithmetic(const KvTypes& types, std::int64_t group,
                                                      const DotUnits& units);

/// What attentionArithmetic() chooses for caches of one type.
[[nodiscard]] std::vector<UnitUse> unitUses(const DotUnits& units);

/// What this CPU has and the instruction set in use (kernelTarget()) has loops for.
[[nodiscard]] DotUnits dotUnits();

} // namespace decodescope
