// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "gpu/kernels/cache_address.h"

/// What the kernels of a decode step take. All pointers are the device's. A projection may leave
/// its sums in parts, one for each stretch of columns: whoever reads them adds them up, so that no
/// launch is needed for it. Activations between projections are 16 bits, f16 or bf16; sums and the
/// residual are f32.
namespace decodescope::gpu {

/// Sums of a projection: [part][sequence][width].
struct PartialSums {
    const float* sums = nullptr;
    std::int32_t parts = 0; ///< 0: nothing to add
    std::int32_t width = 0;
    std::int32_t batch = 1;

    [[nodiscard]] DECODESCOPE_HOST_DEVICE constexpr float at(int sequence, int column) const {
        float sum = 0;
        for (int part = 0; part < parts; ++part)
            sum += sums[(std::int64_t{part} * batch + sequence) * width + column];
        return sum;
    }
};

/// residual = from + added; out = residual / sqrt(mean(residual²) + epsilon): the residual's sum
/// and an RMSNorm with unit gains in one. One block a sequence.
struct NormArgs {
    const float* from = nullptr; ///< [sequence][width]; 16-byte aligned, as the sums are
    PartialSums added;
    float* residual = nullptr;    ///< [sequence][width]; may be `from`
    std::uint16_t* out = nullptr; ///< [sequence][width]; 4-byte aligned
    std::int32_t width = 0;       ///< a multiple of 4
    float epsilon = 1e-6F;
};

/// What follows the sums of the first feed-forward matrix.
enum class Activation : std::uint8_t {
    None,
    SwiGlu, ///< silu(gate) × up, of columns [gate, then up]
    Gelu,   ///< by the tanh formula
};

/// Sums, through an activation, to 16 bits. Grid (sequences, blocks of columns).
struct ActivationArgs {
    PartialSums in;               ///< `width` columns, with SwiGlu twice as many
    std::uint16_t* out = nullptr; ///< [sequence][width]
    std::int32_t width = 0;
    Activation activation = Activation::None;
};

/// out[sequence][row] = Σ_column weights[row][column] × in[sequence][column]
/// Grid (blocks of rows × blocks of sequences, parts).
struct ProjectionArgs {
    /// As WeightFormat says; 16-byte aligned. Work that is queued does not write them, nor scales.
    const std::byte* weights = nullptr;
    const std::uint16_t* scales = nullptr; ///< Q8, Q4
    const std::uint16_t* in = nullptr; ///< [sequence][columns] of inputFormat(); 16-byte aligned
    std::int32_t rows = 0;
    std::int32_t columns = 0; ///< whole chunks, and whole blocks
    std::int32_t batch = 1;
    std::int32_t parts = 1;   ///< stretches of the columns, each with sums of its own
    std::int32_t sharers = 1; ///< warps of a block that share a row: 1, 2 or 4
    float* out = nullptr;     ///< [part][sequence][row]
    /// With an activation there is one part, and its results are written instead of the sums.
    Activation activation = Activation::None;
    std::uint16_t* activated = nullptr; ///< [sequence][row], with SwiGlu of half as many rows
};

/// Rotates the new token's queries and keys by its position (base 10000, halves paired as in
/// GPT-NeoX), keeps the queries as the attention kernels read them and puts key and value in the
/// last slot of the cache. Grid (rows, blocks of heads); one warp a head.
struct AppendArgs {
    PartialSums qkv;                  ///< a row: all queries, then all keys, then all values
    const float* rotary = nullptr;    ///< [head_dim / 2] cosines, then as many sines
    std::uint16_t* queries = nullptr; ///< [row][head][head_dim]: bf16 beside bf16, else f16
    std::byte* keys = nullptr;        ///< by `address`
    std::byte* values = nullptr;
    CacheAddress address;
    const std::int32_t* contexts = nullptr; ///< [sequence]: tokens, the new one among them
    const float* keyScales = nullptr;       ///< [KV head]: what an 8-bit step is worth; or nullptr
    const float* valueScales = nullptr;
    std::int32_t nHeads = 1;
    std::int32_t nKvHeads = 1;
    std::int32_t headDim = 128;
    /// Rows that append: the first so many. 0: the layer reads another's cache.
    std::int32_t sequences = 1;
};

} // namespace decodescope::gpu
