// SPDX-License-Identifier: Apache-2.0
// A round of tiles of int8 or nibbles by dot products of bytes; compiled once for each instruction
// set.
#if defined(DECODESCOPE_CPU_DIGIT_TILES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_DIGIT_TILES_INL_H
#undef DECODESCOPE_CPU_DIGIT_TILES_INL_H
#else
#define DECODESCOPE_CPU_DIGIT_TILES_INL_H
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/cpu/attention_kernel.h"
#include "core/cpu/digit_packing-inl.h"
#include "core/cpu/digit_products-inl.h"
#include "core/cpu/digit_values-inl.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/softmax-inl.h"
#include "core/cpu/tile_work-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

constexpr bool takesDigits(AttentionArithmetic unit) {
    return unit == AttentionArithmetic::Int8Dot || unit == AttentionArithmetic::Int8DotEmulated;
}

template <class Dot, class Matrix>
struct ScoreDigits {
    static constexpr std::int32_t kBias = KeyQuads<Dot, typename Matrix::Rows>::kBias;

    static void pack(const AttentionPart& part, const Blocks& blocks, const Scratch& scratch) {
        const std::int64_t quads = part.headDimK / 4;
        const std::int64_t ofPiece =
            Matrix::kInBlocks ? kBlockValues : blocksOf(part.headDimK) * kBlockValues;
        const std::int64_t pieces = blocksOf(part.headDimK) * kBlockValues / ofPiece;
        const float worth = Matrix::kInBlocks ? 1 : kInt8Scale;
        HWY_ALIGN DigitQuad ofHead[kMaxHeadDim / 4];
        std::int32_t sums[kMaxHeadDim / kBlockValues];
        std::int64_t first = 0;
        for (std::int64_t b = 0; b < blocks.count; ++b) {
            const std::int64_t heads = blocks.headsOf(b);
            auto* packed = reinterpret_cast<DigitQuad*>(scratch.queries) + first * quads;
            auto* starts = reinterpret_cast<std::int32_t*>(scratch.sums) + first * pieces;
            for (std::int64_t h = 0; h < heads; ++h) {
                const float* query = part.queries + (first + h) * part.headDimK;
                scratch.scales[first + h] = part.scale * kLog2E * worth *
                                            packQueryDigits<KeyQuads<Dot, typename Matrix::Rows>>(
                                                query, part.headDimK, ofPiece, ofHead, sums);
                for (std::int64_t i = 0; i < quads; ++i)
                    packed[i * heads + h] = ofHead[i];
                for (std::int64_t i = 0; i < pieces; ++i)
                    starts[i * heads + h] = -kBias * sums[i];
            }
            first += heads;
        }
    }

    static void run(RoundWork& work, const std::byte* matrix, std::int64_t /*tokens*/,
                    float* weights) {
        const AttentionPart& part = work.part;
        const std::int64_t pieces = Matrix::kInBlocks ? blocksOf(part.headDimK) : 1;
        std::int64_t first = 0;
        for (std::int64_t b = 0; b < work.blocks.count; ++b) {
            const std::int64_t heads = work.blocks.headsOf(b);
            const Kernel kernel{
                Matrix(matrix, kTileTokens), part.headDimK,
                DigitQueries{reinterpret_cast<DigitQuad*>(work.scratch.queries) +
                                 first * part.headDimK / 4,
                             reinterpret_cast<std::int32_t*>(work.scratch.sums) + first * pieces,
                             work.scratch.scales + first, weights + first * kRoundTokens},
                work.ahead};
            forHeads<digitHeads<Dot>()>(heads, kernel);
            first += heads;
        }
    }

private:
    struct Kernel {
        Matrix keys;
        std::int64_t headDimK;
        DigitQueries block;
        Ahead& ahead;
        template <int kHeads>
        HWY_INLINE void run() const {
            scoreDigits<Dot, kHeads>(keys, headDimK, block, ahead);
        }
    };
};

template <class Dot, class Matrix>
struct AddDigits {
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t tokens, float* weights) {
        const AttentionPart& part = work.part;
        if (const std::int64_t over = tokens % kTileTokens; over != 0) // past the end: nothing
            for (std::int64_t h = 0; h < part.group; ++h)
                std::fill_n(weights + h * kRoundTokens + tokens, kTileTokens - over, 0.0F);
        std::int64_t first = 0;
        for (std::int64_t b = 0; b < work.blocks.count; ++b) {
            const std::int64_t heads = work.blocks.headsOf(b);
            forHeads<digitHeads<Dot>()>(
                heads, Kernel{Matrix(matrix, part.headDimV), work.tileBytes, part.headDimV, tokens,
                              weights + first * kRoundTokens, work.output + first * part.headDimV,
                              work.ahead});
            first += heads;
        }
    }

private:
    struct Kernel {
        Matrix values;
        std::int64_t tileBytes, headDimV, tokens;
        const float* weights;
        float* output;
        Ahead& ahead;
        template <int kHeads>
        HWY_INLINE void run() const {
            addDigits<Dot, kHeads>(values, tileBytes, headDimV, tokens, weights, output, ahead);
        }
    };
};

/// Precondition: int8, q8_0 or q4_0.
template <class Dot>
TileKernels digitKernels(const KvTypes& types) {
    using Bytes = RowMatrix<ByteQuadRows>;
    using ByteBlocks = BlockMatrix<ByteQuadRows>;
    using NibbleBlocks = BlockMatrix<NibbleOctetRows>;
    TileKernels kernels{.softmax = softmaxRound};
    const auto readKeys = [&]<class Matrix>() {
        kernels.pack = ScoreDigits<Dot, Matrix>::pack;
        kernels.score = ScoreDigits<Dot, Matrix>::run;
    };
    switch (types.key) {
    case DataType::Int8:
        readKeys.template operator()<Bytes>();
        break;
    case DataType::Q8_0:
        readKeys.template operator()<ByteBlocks>();
        break;
    default:
        readKeys.template operator()<NibbleBlocks>();
    }
    kernels.addValues = types.value == DataType::Int8   ? AddDigits<Dot, Bytes>::run
                        : types.value == DataType::Q8_0 ? AddDigits<Dot, ByteBlocks>::run
                                                        : AddDigits<Dot, NibbleBlocks>::run;
    return kernels;
}

/// Bytes of the next tile to ask for with each step of rows that multiplyQuads() takes.
std::int64_t digitAheadStep(const AttentionPart& part, const Blocks& blocks,
                            std::int64_t tileBytes) {
    const auto rowsOfStep = [](DataType type) { return type == DataType::Q4_0 ? 8 : 4; };
    const bool values = inBlocks(part.types.value);
    const std::int64_t columns = values ? kBlockValues : part.headDimV;
    const std::int64_t pieces = values ? blocksOf(part.headDimV) : 1;
    std::int64_t steps = 0;
    for (std::int64_t b = 0; b < blocks.count; ++b) {
        const auto heads = static_cast<int>(blocks.headsOf(b));
        const std::int64_t keyWidth = digitWidthFor(heads, kTileTokens) * lanesOf();
        const std::int64_t valueWidth = digitWidthFor(heads, columns) * lanesOf();
        steps += kTileTokens / keyWidth * part.headDimK / rowsOfStep(part.types.key) +
                 pieces * ((columns + valueWidth - 1) / valueWidth) * kTileTokens /
                     rowsOfStep(part.types.value);
    }
    return (tileBytes + steps - 1) / steps;
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
