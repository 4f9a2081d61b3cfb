// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/cpu/attention_arithmetic.h"
#include "core/spec/cache_law.h"

namespace decodescope {

/// Softmax attention over a part of the context, not yet divided: for each head of a group
///   max         at least (max over tokens of score × log2 e) - 8
///   denominator Σ exp2(score × log2 e - max)
///   output      Σ exp2(score × log2 e - max) × value, [head][headDimV]
/// Parts of a context merge by log-sum-exp (mergeAttention()).
struct AttentionState {
    float* max = nullptr;
    float* denominator = nullptr;
    float* output = nullptr;
};

/// One KV head's tiles (KvLayout) and the query heads that read them.
struct AttentionPart {
    KvTypes types; ///< of the tiles
    const std::byte* tiles = nullptr;
    std::int64_t tokens = 0; ///< at least 1; the last tile may be partly filled
    std::int64_t headDimK = 0;
    std::int64_t headDimV = 0;      ///< both multiples of 8, at most kMaxHeadDim
    std::int64_t group = 1;         ///< query heads
    const float* queries = nullptr; ///< [group][headDimK]
    float scale = 1;                ///< of the scores: 1 / sqrt(head_dim)
    /// As attentionArithmetic() says, or emulated: dot products and matrix products of bf16 read
    /// keys and values of bf16, dot products of int8 any of int8, q8_0 and q4_0.
    AttentionArithmetic unit = AttentionArithmetic::F32;
    /// The scratch was last used for a part with the same queries, shape and unit.
    bool queriesPacked = false;
};

inline constexpr std::int64_t kMaxHeadDim = 512;
/// Scratch is made for whole matrix registers, which hold 32 numbers of bf16.
[[nodiscard]] constexpr std::int64_t scratchDim(std::int64_t headDim) {
    constexpr std::int64_t kRegister = 32;
    return (headDim + kRegister - 1) / kRegister * kRegister;
}

/// Floats of scratch that attendPart() needs; 64-byte aligned, one for each thread.
[[nodiscard]] std::int64_t attentionScratchFloats(std::int64_t group, std::int64_t headDimK,
                                                  std::int64_t headDimV);

/// Reads each tile once for the whole group and fills `state` (nothing is read from it).
/// Accumulators are f32; exp2 is within 1 ulp. With AttentionArithmetic::F32 all arithmetic is f32.
/// Dot products of int8 take queries, and weights × the values' scales, as whole numbers of 16 bits
/// relative to the largest of a head (and a round of tokens); their sums are exact. The result
/// differs by less than 1e-4 (2-norm).
/// SplitMatrix splits keys, values, queries and weights into bf16. Of f16 all bits are kept, but of
/// weights 16: the result differs by less than 5e-6, as that of f32 arithmetic may. Of q8_0 and
/// q4_0 numbers times their scales keep 16 bits, of these and int8 so do queries: less than
/// 1e-4, and than 1e-3 where scores reach 80.
/// Dot products and matrix products of bf16 round the queries to bf16, and the weights: the
/// denominator is the sum of the rounded ones, and a weight with a notable share of it keeps 16
/// bits. Attention over many tokens then differs by 1.7e-3 (2-norm) from that of the rounded
/// queries, and less where few count.
void attendPart(const AttentionPart& part, const AttentionState& state, float* scratch);

/// `sum` becomes the state over both parts: the part it is of, and that of `state`.
void addAttention(const AttentionState& state, std::int64_t group, std::int64_t headDimV,
                  const AttentionState& sum);

/// out[head][headDimV] = the attention over all `parts` parts; state p of head h lies at
/// max[p × group + h] and so on.
void mergeAttention(const AttentionState& states, std::int64_t parts, std::int64_t group,
                    std::int64_t headDimV, float* out);

/// The instruction set the kernels run with here: "AVX3", "AVX2", "NEON", …
[[nodiscard]] std::string kernelTarget();
/// Whether that set has loops for AttentionArithmetic::Bf16Dot, of which the CPU may still know
/// nothing.
[[nodiscard]] bool kernelTargetHasBf16Dot();
/// The same for AttentionArithmetic::Bf16Matrix.
[[nodiscard]] bool kernelTargetHasBf16Matrix();
/// The same for AttentionArithmetic::Int8Dot.
[[nodiscard]] bool kernelTargetHasInt8Dot();

} // namespace decodescope
