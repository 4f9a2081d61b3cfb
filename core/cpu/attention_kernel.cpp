// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/attention_kernel.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/cpu/kv_cache.h"
#include "core/cpu/reading_habits.h"
#include "core/cpu/vector_targets.h"
#include "core/engine/float_bits.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/attention_kernel.cpp"
#include <hwy/foreach_target.h>

#include "core/cpu/digit_tiles-inl.h"
#include "core/cpu/matrix_tiles-inl.h"
#include "core/cpu/pair_tiles-inl.h"
#include "core/cpu/side_tiles-inl.h"
#include "core/cpu/softmax-inl.h"
#include "core/cpu/split_tiles-inl.h"
#include "core/cpu/tile_floats-inl.h"
#include "core/cpu/tile_products-inl.h"
#include "core/cpu/tile_rows-inl.h"
#include "core/cpu/tile_work-inl.h"
#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

const ReadingHabits& habits() {
    return readingHabits(HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3);
}

bool waitsForMemory(const AttentionPart& part) {
    const DataType type = part.types.key;
    const bool halves = type == DataType::F16 || type == DataType::BF16;
    return part.group <= (halves ? habits().waitingHeads16 : habits().waitingHeads);
}

/// Tiles that are scored before their values are added: two share the loads and stores of the
/// output, 5 % of the time of 32 heads (a stored vector takes 1.6 multiply-adds' time on Zen 4).
/// Few heads read memory without a jump instead: with two tiles, one head on Zen 4 took twice the
/// time. So did four where a tile was scored before the values of the one before were added, from
/// one place or from two in turn; in the cache it made no difference.
std::int64_t tilesOfRound(const AttentionPart& part) {
    return waitsForMemory(part) && !takesMatrices(part.unit) ? 1 : kRoundTiles;
}

constexpr std::int64_t kLeastTilesOfPlaces = 32; ///< each place's first tile is not asked for
bool readsFromPlaces(const AttentionPart& part, std::int64_t tiles) {
    const bool packed = inBlocks(part.types.key) || part.types.key == DataType::Int8;
    return part.group <= habits().placesHeads && tiles >= kLeastTilesOfPlaces &&
           (!packed || habits().placesForPacked);
}

/// Whether tiles of several places are scored and added together, with what memory is asked for a
/// few lines ahead of each.
bool readsSideBySide(const AttentionPart& part, std::int64_t tiles) {
    const auto inPairs = [](DataType type) {
        return type == DataType::F16 || type == DataType::BF16 || type == DataType::F32;
    };
    return kReadsSideBySide && part.unit == AttentionArithmetic::F32 &&
           part.group <= std::min<std::int64_t>(habits().sideHeads, kBlockHeads) &&
           tiles >= kLeastTilesOfPlaces && inPairs(part.types.key) && inPairs(part.types.value);
}

/// Query heads of one block, at most.
std::int64_t blockHeads(const AttentionPart& part) {
    if (takesMatrices(part.unit))
        return kMatrixRows;
    if (part.unit == AttentionArithmetic::Int8DotEmulated)
        return digitHeads<EmulatedInt8Dot>();
    if (part.unit == AttentionArithmetic::Int8Dot)
        return kDigitHeads;
    const bool wide = habits().wideBlocks && part.unit == AttentionArithmetic::F32 &&
                      part.types.key == DataType::F16 && part.types.value == DataType::F16;
    return wide ? kWideBlockHeads : kBlockHeads;
}

void packQueries(const AttentionPart& part, const Blocks& blocks, const Scratch& scratch) {
    float factor = part.scale * kLog2E;
    if (part.types.key == DataType::Int8)
        factor *= kInt8Scale;
    const std::int64_t dim = part.headDimK;
    std::int64_t first = 0;
    for (std::int64_t b = 0; b < blocks.count; ++b) {
        const std::int64_t heads = blocks.headsOf(b);
        float* block = scratch.queries + first * dim;
        for (std::int64_t h = 0; h < heads; ++h) {
            const float* query = part.queries + (first + h) * dim;
            for (std::int64_t i = 0; i < dim; ++i)
                block[i * heads + h] = query[i] * factor;
        }
        if (part.types.key == DataType::Q4_0)
            for (std::int64_t j = 0; j < blocksOf(dim); ++j)
                for (std::int64_t h = 0; h < heads; ++h) {
                    float sum = 0;
                    for (std::int64_t i = j * kBlockValues;
                         i < std::min(dim, (j + 1) * kBlockValues); ++i)
                        sum += block[i * heads + h];
                    scratch.sums[first * blocksOf(dim) + j * heads + h] = sum;
                }
        first += heads;
    }
}

template <class Matrix>
HWY_INLINE void valueTiles(const AttentionPart& part, const Blocks& blocks, const Matrix& values,
                           std::int64_t tileBytes, std::int64_t tokens, const float* weights,
                           float* output, Ahead& ahead) {
    std::int64_t first = 0;
    for (std::int64_t b = 0; b < blocks.count; ++b) {
        const std::int64_t heads = blocks.headsOf(b);
        forHeads<mostHeads<Matrix>()>(
            heads, ValueKernel<Matrix, F32Products>{values, tileBytes, part.headDimV, tokens,
                                                    weights + first * kRoundTokens,
                                                    output + first * part.headDimV, ahead});
        first += heads;
    }
}

/// A tile that several blocks read may be converted once, into the first-level cache. Wide blocks
/// convert for themselves: of f32 there are no kernels for so many heads.
template <class Matrix>
HWY_INLINE bool convertsFirst(const Blocks& blocks) {
    return !Matrix::kIsFloat && blocks.count > habits().blocksBeforeConversion &&
           blocks.headsOf(0) <= kBlockHeads;
}

template <class Matrix>
struct ScoreKeys {
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t /*tokens*/,
                    float* weights) {
        const Matrix keys(matrix, kTileTokens);
        if (!convertsFirst<Matrix>(work.blocks)) {
            scoreTile<F32Products>(work.part, work.blocks, keys, work.scratch, weights, work.ahead);
            return;
        }
        keysToFloats(keys, work.part.headDimK, work.scratch.tile);
        scoreTile<F32Products>(work.part, work.blocks, FloatMatrix(work.scratch.tile, kTileTokens),
                               work.scratch, weights, work.ahead);
    }
};

template <class Matrix>
struct AddValues {
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t tokens, float* weights) {
        const std::int64_t headDimV = work.part.headDimV;
        if (convertsFirst<Matrix>(work.blocks)) {
            // A tile at a time: those of a round and the sums of the heads are more than a
            // first-level cache holds.
            for (std::int64_t t = 0; t < tokens; t += kTileTokens, matrix += work.tileBytes) {
                valuesToFloats(Matrix(matrix, headDimV), headDimV, work.scratch.tile);
                valueTiles(work.part, work.blocks, FloatMatrix(work.scratch.tile, headDimV), 0,
                           std::min(kTileTokens, tokens - t), weights + t, work.output, work.ahead);
            }
            return;
        }
        const std::int64_t atOnce = Matrix::kInBlocks ? kTileTokens : kRoundTokens;
        for (std::int64_t t = 0; t < tokens; t += atOnce, matrix += work.tileBytes)
            valueTiles(work.part, work.blocks, Matrix(matrix, headDimV), work.tileBytes,
                       std::min(atOnce, tokens - t), weights + t, work.output, work.ahead);
    }
};

/// Kernel<Matrix>::run for the matrix of a cache of this type.
template <template <class> class Kernel>
TileKernel kernelFor(DataType type) {
    switch (type) {
    case DataType::F32:
        return Kernel<FloatMatrix>::run;
    case DataType::F16:
        return Kernel<RowMatrix<PlainRows<hwy::float16_t>>>::run;
    case DataType::BF16:
        return Kernel<RowMatrix<Bf16PairRows>>::run;
    case DataType::Int8:
        return Kernel<RowMatrix<ByteQuadRows>>::run;
    case DataType::Q8_0:
        return Kernel<BlockMatrix<ByteQuadRows>>::run;
    default:
        return Kernel<BlockMatrix<NibbleOctetRows>>::run;
    }
}

/// Precondition: this target has the unit, and the unit reads caches of these types.
TileKernels kernelsFor(const AttentionPart& part) {
    switch (part.unit) {
    case AttentionArithmetic::F32:
        break;
    case AttentionArithmetic::Bf16Dot:
#if DECODESCOPE_HAS_BF16_DOT
        return pairKernels<Bf16Dot>();
#endif
    case AttentionArithmetic::Bf16DotEmulated:
        return pairKernels<EmulatedBf16Dot>();
    case AttentionArithmetic::Bf16Matrix:
#if DECODESCOPE_HAS_BF16_MATRIX
        return matrixKernels<AmxBf16>();
#endif
    case AttentionArithmetic::Bf16MatrixEmulated:
        return matrixKernels<EmulatedBf16Matrix>();
    case AttentionArithmetic::SplitMatrix:
#if DECODESCOPE_HAS_BF16_MATRIX
        return splitMatrixKernels<AmxBf16>(part.types);
#endif
    case AttentionArithmetic::SplitMatrixEmulated:
        return splitMatrixKernels<EmulatedBf16Matrix>(part.types);
    case AttentionArithmetic::Int8Dot:
#if DECODESCOPE_HAS_INT8_DOT
        return digitKernels<Int8Dot>(part.types);
#elif DECODESCOPE_HAS_INT16_DOT
        return digitKernels<Int16Dot>(part.types);
#endif
    case AttentionArithmetic::Int8DotEmulated:
        return digitKernels<EmulatedInt8Dot>(part.types);
    }
    return {packQueries, kernelFor<ScoreKeys>(part.types.key), softmaxRound,
            kernelFor<AddValues>(part.types.value)};
}

/// Sweeps of addAllColumns() over a row of so many vectors.
std::int64_t sweepsOf(std::int64_t vectors, int width) {
    std::int64_t sweeps = 0;
    for (; width > 1; width = narrower(width)) {
        sweeps += vectors / width;
        vectors %= width;
    }
    return sweeps + vectors;
}

/// Bytes of the next tile to ask for with each pair of rows that multiplyRows() takes.
std::int64_t aheadStep(const AttentionPart& part, const Blocks& blocks, std::int64_t tileBytes) {
    std::int64_t pairs = 0;
    for (std::int64_t b = 0; b < blocks.count; ++b) {
        const auto heads = static_cast<int>(blocks.headsOf(b));
        pairs += kTileTokens / (keyWidthFor(heads) * lanesOf()) * (part.headDimK / 2) +
                 sweepsOf(part.headDimV / lanesOf(), widthFor(heads)) * (kTileTokens / 2);
    }
    return (tileBytes + pairs - 1) / pairs;
}

/// Sums up the denominators' lanes, and gives int8 values their scale.
void finish(const AttentionPart& part, const AttentionState& state, const float* denominators) {
    const FloatTag d;
    for (std::int64_t h = 0; h < part.group; ++h)
        state.denominator[h] =
            hn::GetLane(hn::SumOfLanes(d, hn::LoadU(d, denominators + h * lanesOf())));
    if (part.types.value == DataType::Int8)
        for (std::int64_t i = 0; i < part.group * part.headDimV; ++i)
            state.output[i] *= kInt8Scale;
}

/// Rounds of a tile of each place. Returns how many tiles of the part that were.
std::int64_t attendSides(const RoundWork& plain, const AttentionState& state, SoftmaxKernel softmax,
                         std::int64_t keyBytes) {
    const KvTypes& types = plain.part.types;
    const TileKernel score = kernelFor<ScoreSides>(types.key);
    const TileKernel addValues = kernelFor<AddSides>(types.value);
    const std::int64_t perPlace = plain.part.tokens / kTileTokens / Ahead::kPlaces;
    RoundWork work = plain;
    work.tileBytes = perPlace * plain.tileBytes;
    const std::byte* tile = plain.part.tiles;
    // While keys are read the values behind them are asked for, and then the next keys.
    work.ahead.restart(tile + keyBytes, work.tileBytes);
    for (std::int64_t i = 0; i < perPlace; ++i, tile += plain.tileBytes) {
        score(work, tile, kTileTokens, work.scratch.weights);
        softmax(work, state, Ahead::kPlaces * kTileTokens);
        addValues(work, tile + keyBytes, kTileTokens, work.scratch.weights);
    }
    return Ahead::kPlaces * perPlace;
}

void attend(const AttentionPart& part, const AttentionState& state, float* memory) {
    const Blocks blocks(part.group, blockHeads(part));
    Scratch scratch{};
    scratch.tile = memory;
    scratch.weights = scratch.tile + kRoundTiles * kTileTokens *
                                         scratchDim(std::max(part.headDimK, part.headDimV));
    scratch.denominators = scratch.weights + part.group * kRoundTokens;
    scratch.queries = scratch.denominators + part.group * lanesOf();
    scratch.sums = scratch.queries + part.group * scratchDim(part.headDimK) * 3 / 2;
    scratch.scales = scratch.sums + part.group * blocksOf(part.headDimK);

    const TileKernels kernels = kernelsFor(part);
    if (!part.queriesPacked)
        kernels.pack(part, blocks, scratch);
    if (roundsToBf16(part.unit))
        std::fill_n(scratch.sums, part.group, 0.0F);
    std::fill_n(state.max, part.group, -std::numeric_limits<float>::infinity());
    std::fill_n(scratch.denominators, part.group * lanesOf(), 0.0F);
    std::fill_n(state.output, part.group * part.headDimV, 0.0F);
    const KvLayout layout{part.types, 1, 1, part.headDimK, part.headDimV, part.tokens};
    const auto keyBytes = static_cast<std::int64_t>(layout.keyTileBytes());
    const auto tileBytes = static_cast<std::int64_t>(layout.tileBytes());
    RoundWork work{part, blocks, scratch, tileBytes, state.output, {}, false};
    const bool waits = waitsForMemory(part);
    work.ahead.step = waits && !habits().asksWhileWaiting ? 0
                      : takesDigits(part.unit)            ? digitAheadStep(part, blocks, tileBytes)
                      : takesParts(part.unit)             ? splitAheadStep(part, blocks, tileBytes)
                      : takesMatrices(part.unit) ? productAheadStep(part, blocks, tileBytes, 2, 2)
                                                 : aheadStep(part, blocks, tileBytes);
    work.ahead.chunkBytes = waits ? habits().waitingBytes : habits().busyBytes;
    const std::int64_t roundTiles = tilesOfRound(part);
    const auto attendRound = [&](std::int64_t firstTile) {
        const std::byte* tile = part.tiles + firstTile * tileBytes;
        const std::int64_t tokens =
            std::min(roundTiles * kTileTokens, part.tokens - firstTile * kTileTokens);
        for (std::int64_t t = 0; t < tokens; t += kTileTokens)
            kernels.score(work, tile + t / kTileTokens * tileBytes,
                          std::min(kTileTokens, tokens - t), scratch.weights + t);
        kernels.softmax(work, state, tokens);
        kernels.addValues(work, tile + keyBytes, tokens, scratch.weights);
    };
    const std::int64_t tiles = (part.tokens + kTileTokens - 1) / kTileTokens;
    std::int64_t done = 0;
    if (readsSideBySide(part, tiles)) {
        done = attendSides(work, state, kernels.softmax, keyBytes);
    } else if (readsFromPlaces(part, tiles)) {
        const std::int64_t perPlace = tiles / Ahead::kPlaces / roundTiles * roundTiles;
        const std::int64_t apart = perPlace * tileBytes;
        const std::int64_t quarter = roundTiles * tileBytes / Ahead::kPlaces;
        // While a round of each place is worked on, the next ones are asked for: with each round a
        // part of all of them.
        for (std::int64_t i = 0; i < perPlace; i += roundTiles)
            for (std::int64_t p = 0; p < Ahead::kPlaces; ++p) {
                work.ahead.restart(part.tiles + (i + roundTiles) * tileBytes + p * quarter, apart);
                attendRound(p * perPlace + i);
            }
        done = Ahead::kPlaces * perPlace;
    }
    // Two tiles are not read in the order in which they lie: what is asked for is a tile ahead.
    const std::int64_t far = roundTiles == 1 ? work.ahead.chunkBytes : tileBytes;
    for (; done < tiles; done += roundTiles) {
        work.ahead.restart(part.tiles + done * tileBytes + far);
        attendRound(done);
    }
    finish(part, state, scratch.denominators);
    if (kernels.release != nullptr)
        kernels.release();
}

/// to[i] = to[i] × before + from[i] × factor; count is a multiple of 8.
HWY_INLINE void addScaled(const float* from, float factor, std::int64_t count, float before,
                          float* to) {
    const hn::CappedTag<float, 8> d;
    for (std::int64_t i = 0; i < count; i += static_cast<std::int64_t>(hn::Lanes(d)))
        hn::StoreU(hn::MulAdd(hn::LoadU(d, from + i), hn::Set(d, factor),
                              hn::Mul(hn::LoadU(d, to + i), hn::Set(d, before))),
                   d, to + i);
}

void addState(const AttentionState& state, std::int64_t group, std::int64_t headDimV,
              const AttentionState& sum) {
    for (std::int64_t h = 0; h < group; ++h) {
        const float max = std::max(sum.max[h], state.max[h]);
        const float before = std::exp2(sum.max[h] - max);
        const float more = std::exp2(state.max[h] - max);
        sum.max[h] = max;
        sum.denominator[h] = before * sum.denominator[h] + more * state.denominator[h];
        addScaled(state.output + h * headDimV, more, headDimV, before, sum.output + h * headDimV);
    }
}

void mergeStates(const AttentionState& states, std::int64_t parts, std::int64_t group,
                 std::int64_t headDimV, float* out) {
    for (std::int64_t h = 0; h < group; ++h) {
        float max = states.max[h];
        for (std::int64_t p = 1; p < parts; ++p)
            max = std::max(max, states.max[p * group + h]);
        float denominator = 0;
        float* row = out + h * headDimV;
        std::fill_n(row, headDimV, 0.0F);
        for (std::int64_t p = 0; p < parts; ++p) {
            const std::int64_t at = p * group + h;
            const float weight = std::exp2(states.max[at] - max);
            denominator += weight * states.denominator[at];
            addScaled(states.output + at * headDimV, weight, headDimV, 1, row);
        }
        scaleFloats(row, headDimV, 1 / denominator);
    }
}

const char* targetName() {
    return hwy::TargetName(HWY_TARGET);
}

bool targetHasBf16Dot() {
    return DECODESCOPE_HAS_BF16_DOT != 0;
}

bool targetHasBf16Matrix() {
    return DECODESCOPE_HAS_BF16_MATRIX != 0;
}

bool targetHasInt8Dot() {
    return DECODESCOPE_HAS_INT8_DOT != 0 || DECODESCOPE_HAS_INT16_DOT != 0;
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace decodescope {

HWY_EXPORT(attend);
HWY_EXPORT(addState);
HWY_EXPORT(mergeStates);
HWY_EXPORT(targetName);
HWY_EXPORT(targetHasBf16Dot);
HWY_EXPORT(targetHasBf16Matrix);
HWY_EXPORT(targetHasInt8Dot);

std::int64_t attentionScratchFloats(std::int64_t group, std::int64_t headDimK,
                                    std::int64_t headDimV) {
    constexpr std::int64_t kMostLanes = 16;
    constexpr std::int64_t kMostTileTokens = 2 * kTileTokens;
    constexpr std::int64_t kMostRoundTokens = 4 * kTileTokens;
    return kMostTileTokens * scratchDim(std::max(headDimK, headDimV)) +
           group * (kMostRoundTokens + kMostLanes + scratchDim(headDimK) * 3 / 2 +
                    blocksOf(headDimK) + 1);
}

void attendPart(const AttentionPart& part, const AttentionState& state, float* scratch) {
    HWY_DYNAMIC_DISPATCH(attend)(part, state, scratch);
}

void addAttention(const AttentionState& state, std::int64_t group, std::int64_t headDimV,
                  const AttentionState& sum) {
    HWY_DYNAMIC_DISPATCH(addState)(state, group, headDimV, sum);
}

void mergeAttention(const AttentionState& states, std::int64_t parts, std::int64_t group,
                    std::int64_t headDimV, float* out) {
    HWY_DYNAMIC_DISPATCH(mergeStates)(states, parts, group, headDimV, out);
}

std::string kernelTarget() {
    return HWY_DYNAMIC_DISPATCH(targetName)();
}

bool kernelTargetHasBf16Dot() {
    return HWY_DYNAMIC_DISPATCH(targetHasBf16Dot)();
}

bool kernelTargetHasBf16Matrix() {
    return HWY_DYNAMIC_DISPATCH(targetHasBf16Matrix)();
}

bool kernelTargetHasInt8Dot() {
    return HWY_DYNAMIC_DISPATCH(targetHasInt8Dot)();
}

} // namespace decodescope
#endif
