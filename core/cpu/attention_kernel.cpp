// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/attention_kernel.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/cpu/kv_cache.h"
#include "core/cpu/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/attention_kernel.cpp"
#include <hwy/foreach_target.h>

#include <hwy/cache_control.h>

#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

using FloatTag = hn::ScalableTag<float>;

/// Query heads whose scores stay in registers at a time: 2 vectors each, of 16 or 32 registers.
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SSSE3
constexpr int kBlockHeads = 6;
constexpr int kAccumulators = 12;
#else
constexpr int kBlockHeads = 8;
constexpr int kAccumulators = 16;
#endif

constexpr float kLazyRescale = 8; ///< in powers of two: accumulators may grow 256-fold

struct Scratch {
    float* queries; ///< [block][headDimK][heads of the block], scaled by scale × log2 e
    float* weights; ///< [group][kTileTokens] scores, then their exp2
    float* tile;    ///< one tile's keys, then its values, as f32
};

/// Scores of one block: weights[h][t] = Σ_d queries[d][h] × keys[d][t].
template <int kHeads, typename T>
HWY_INLINE void scoreBlock(const T* keys, std::int64_t headDimK, const float* queries,
                           float* weights) {
    const FloatTag d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    using V = hn::Vec<FloatTag>;
    for (std::int64_t t = 0; t < kTileTokens; t += 2 * lanes) {
        V low[kHeads];
        V high[kHeads];
        for (int h = 0; h < kHeads; ++h)
            low[h] = high[h] = hn::Zero(d);
        for (std::int64_t i = 0; i < headDimK; ++i) {
            const V k0 = loadFloats(d, keys + i * kTileTokens + t);
            const V k1 = loadFloats(d, keys + i * kTileTokens + t + lanes);
            for (int h = 0; h < kHeads; ++h) {
                const V q = hn::Set(d, queries[i * kHeads + h]);
                low[h] = hn::MulAdd(q, k0, low[h]);
                high[h] = hn::MulAdd(q, k1, high[h]);
            }
        }
        for (int h = 0; h < kHeads; ++h) {
            hn::StoreU(low[h], d, weights + h * kTileTokens + t);
            hn::StoreU(high[h], d, weights + h * kTileTokens + t + lanes);
        }
    }
}

/// output[h][0 .. kVectors × lanes) += Σ_t weights[h][t] × values[t][…].
template <int kHeads, int kVectors, class D, typename T>
HWY_INLINE void addColumns(D d, const T* values, std::int64_t headDimV, std::int64_t tokens,
                           const float* weights, float* output) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    using V = hn::Vec<D>;
    V sum[kHeads][kVectors];
    for (int h = 0; h < kHeads; ++h)
        for (int v = 0; v < kVectors; ++v)
            sum[h][v] = hn::LoadU(d, output + h * headDimV + v * lanes);
    for (std::int64_t t = 0; t < tokens; ++t) {
        V row[kVectors];
        for (int v = 0; v < kVectors; ++v)
            row[v] = loadFloats(d, values + t * headDimV + v * lanes);
        for (int h = 0; h < kHeads; ++h) {
            const V w = hn::Set(d, weights[h * kTileTokens + t]);
            for (int v = 0; v < kVectors; ++v)
                sum[h][v] = hn::MulAdd(w, row[v], sum[h][v]);
        }
    }
    for (int h = 0; h < kHeads; ++h)
        for (int v = 0; v < kVectors; ++v)
            hn::StoreU(sum[h][v], d, output + h * headDimV + v * lanes);
}

template <int kHeads, int kVectors, typename T>
HWY_INLINE std::int64_t addWhileFits(std::int64_t from, const T* values, std::int64_t headDimV,
                                     std::int64_t tokens, const float* weights, float* output) {
    const FloatTag d;
    const std::int64_t width = kVectors * static_cast<std::int64_t>(hn::Lanes(d));
    for (; from + width <= headDimV; from += width)
        addColumns<kHeads, kVectors>(d, values + from, headDimV, tokens, weights, output + from);
    return from;
}

template <int kHeads, typename T>
HWY_INLINE void addValues(const T* values, std::int64_t headDimV, std::int64_t tokens,
                          const float* weights, float* output) {
    constexpr int kFit = kAccumulators / kHeads;
    constexpr int kWide = kFit >= 8 ? 8 : kFit >= 4 ? 4 : 2;
    std::int64_t at = addWhileFits<kHeads, kWide>(0, values, headDimV, tokens, weights, output);
    if constexpr (kWide > 4)
        at = addWhileFits<kHeads, 4>(at, values, headDimV, tokens, weights, output);
    if constexpr (kWide > 2)
        at = addWhileFits<kHeads, 2>(at, values, headDimV, tokens, weights, output);
    at = addWhileFits<kHeads, 1>(at, values, headDimV, tokens, weights, output);
    const hn::CappedTag<float, 8> half; // head_dim is a multiple of 8, perhaps not of the lanes
    for (; at < headDimV; at += static_cast<std::int64_t>(hn::Lanes(half)))
        addColumns<kHeads, 1>(half, values + at, headDimV, tokens, weights, output + at);
}

/// Calls kernel.template operator()<N>() for N = heads.
template <class Kernel>
HWY_INLINE void forHeads(std::int64_t heads, const Kernel& kernel) {
    switch (heads) {
    case 1:
        return kernel.template run<1>();
    case 2:
        return kernel.template run<2>();
    case 3:
        return kernel.template run<3>();
    case 4:
        return kernel.template run<4>();
    case 5:
        return kernel.template run<5>();
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SSSE3
    default:
        return kernel.template run<6>();
#else
    case 6:
        return kernel.template run<6>();
    case 7:
        return kernel.template run<7>();
    default:
        return kernel.template run<8>();
#endif
    }
}

template <typename T>
struct ScoreKernel {
    const T* keys;
    std::int64_t headDimK;
    const float* queries;
    float* weights;
    template <int kHeads>
    HWY_INLINE void run() const {
        scoreBlock<kHeads>(keys, headDimK, queries, weights);
    }
};

template <typename T>
struct ValueKernel {
    const T* values;
    std::int64_t headDimV, tokens;
    const float* weights;
    float* output;
    template <int kHeads>
    HWY_INLINE void run() const {
        addValues<kHeads>(values, headDimV, tokens, weights, output);
    }
};

/// Turns one head's scores of a tile into weights and keeps the running maximum and denominator.
/// The accumulator is rescaled only where the maximum grew by more than 2^kLazyRescale, so that
/// almost every tile costs one exp2 a score and nothing else.
HWY_INLINE void softmaxTile(float* weights, std::int64_t tokens, std::int64_t headDimV, float& max,
                            float& denominator, float* output) {
    const FloatTag d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    if (tokens < kTileTokens)
        std::fill(weights + tokens, weights + kTileTokens, -std::numeric_limits<float>::infinity());
    auto largest = hn::LoadU(d, weights);
    for (std::int64_t t = lanes; t < kTileTokens; t += lanes)
        largest = hn::Max(largest, hn::LoadU(d, weights + t));
    const float tileMax = hn::GetLane(hn::MaxOfLanes(d, largest));
    if (tileMax > max + kLazyRescale) {
        const float shrink = std::exp2(max - tileMax); // 0 the first time
        max = tileMax;
        denominator *= shrink;
        for (std::int64_t i = 0; i < headDimV; ++i)
            output[i] *= shrink;
    }
    const auto offset = hn::Set(d, max);
    auto sum = hn::Zero(d);
    for (std::int64_t t = 0; t < kTileTokens; t += lanes) {
        const auto w = exp2Floats(d, hn::Sub(hn::LoadU(d, weights + t), offset));
        hn::StoreU(w, d, weights + t);
        sum = hn::Add(sum, w);
    }
    // Slots past the end weigh 2^-126 here, and no value is read for them.
    denominator += hn::GetLane(hn::SumOfLanes(d, sum));
}

template <typename T>
HWY_INLINE void toFloats(const T* from, std::int64_t count, float* to) {
    const FloatTag d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d)); // divides 32, and so count
    for (std::int64_t i = 0; i < count; i += lanes)
        hn::StoreU(loadFloats(d, from + i), d, to + i);
}

HWY_INLINE void prefetchTile(const std::byte* tile, std::uint64_t bytes) {
    for (std::uint64_t at = 0; at < bytes; at += 64)
        hwy::Prefetch(tile + at);
}

struct Blocks {
    std::int64_t count, heads; ///< the last block may have fewer heads
};

HWY_INLINE Blocks blocksOf(std::int64_t group) {
    const std::int64_t count = (group + kBlockHeads - 1) / kBlockHeads;
    return {count, (group + count - 1) / count};
}

void packQueries(const AttentionPart& part, const Blocks& blocks, float* packed) {
    const float factor = part.scale * 1.44269504F;
    for (std::int64_t first = 0; first < part.group; first += blocks.heads) {
        const std::int64_t heads = std::min(blocks.heads, part.group - first);
        float* block = packed + first * part.headDimK;
        for (std::int64_t h = 0; h < heads; ++h)
            for (std::int64_t i = 0; i < part.headDimK; ++i)
                block[i * heads + h] = part.queries[(first + h) * part.headDimK + i] * factor;
    }
}

/// One tile for every block of the group; K and V hold the tile as Storage or as f32.
template <typename T>
HWY_INLINE void scoreTile(const AttentionPart& part, const Blocks& blocks, const T* keys,
                          const Scratch& scratch) {
    for (std::int64_t first = 0; first < part.group; first += blocks.heads)
        forHeads(std::min(blocks.heads, part.group - first),
                 ScoreKernel<T>{keys, part.headDimK, scratch.queries + first * part.headDimK,
                                scratch.weights + first * kTileTokens});
}

template <typename T>
HWY_INLINE void valueTile(const AttentionPart& part, const Blocks& blocks, const T* values,
                          std::int64_t tokens, const Scratch& scratch, float* output) {
    for (std::int64_t first = 0; first < part.group; first += blocks.heads)
        forHeads(std::min(blocks.heads, part.group - first),
                 ValueKernel<T>{values, part.headDimV, tokens,
                                scratch.weights + first * kTileTokens,
                                output + first * part.headDimV});
}

template <typename T>
void attendTiles(const AttentionPart& part, const AttentionState& state, const Scratch& scratch) {
    const Blocks blocks = blocksOf(part.group);
    packQueries(part, blocks, scratch.queries);
    std::fill_n(state.max, part.group, -std::numeric_limits<float>::infinity());
    std::fill_n(state.denominator, part.group, 0.0F);
    std::fill_n(state.output, part.group * part.headDimV, 0.0F);
    const std::int64_t keyCount = kTileTokens * part.headDimK;
    const std::int64_t tileCount = keyCount + kTileTokens * part.headDimV;
    const auto* tile = reinterpret_cast<const T*>(part.tiles);
    // A tile that several blocks read is converted once, into the first-level cache.
    const bool convert = sizeof(T) < sizeof(float) && blocks.count > 1;
    for (std::int64_t done = 0; done < part.tokens; done += kTileTokens, tile += tileCount) {
        const std::int64_t tokens = std::min(kTileTokens, part.tokens - done);
        if (done + kTileTokens < part.tokens)
            prefetchTile(reinterpret_cast<const std::byte*>(tile + tileCount),
                         static_cast<std::uint64_t>(tileCount) * sizeof(T));
        if (convert) {
            toFloats(tile, keyCount, scratch.tile);
            scoreTile(part, blocks, scratch.tile, scratch);
        } else {
            scoreTile(part, blocks, tile, scratch);
        }
        for (std::int64_t h = 0; h < part.group; ++h)
            softmaxTile(scratch.weights + h * kTileTokens, tokens, part.headDimV, state.max[h],
                        state.denominator[h], state.output + h * part.headDimV);
        if (convert) {
            toFloats(tile + keyCount, tileCount - keyCount, scratch.tile);
            valueTile(part, blocks, scratch.tile, tokens, scratch, state.output);
        } else {
            valueTile(part, blocks, tile + keyCount, tokens, scratch, state.output);
        }
    }
}

void attend(const AttentionPart& part, const AttentionState& state, float* memory) {
    const Scratch scratch{memory, memory + part.group * part.headDimK,
                          memory + part.group * (part.headDimK + kTileTokens)};
    if (part.type == DataType::F32)
        attendTiles<float>(part, state, scratch);
    else if (part.type == DataType::F16)
        attendTiles<hwy::float16_t>(part, state, scratch);
    else
        attendTiles<hwy::bfloat16_t>(part, state, scratch);
}

const char* targetName() {
    return hwy::TargetName(HWY_TARGET);
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace decodescope {

HWY_EXPORT(attend);
HWY_EXPORT(targetName);

std::int64_t attentionScratchFloats(std::int64_t group, std::int64_t headDimK,
                                    std::int64_t headDimV) {
    return group * (headDimK + kTileTokens) + kTileTokens * std::max(headDimK, headDimV);
}

void attendPart(const AttentionPart& part, const AttentionState& state, float* scratch) {
    HWY_DYNAMIC_DISPATCH(attend)(part, state, scratch);
}

void mergeAttention(const AttentionState& states, std::int64_t parts, std::int64_t group,
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
            const float* part = states.output + at * headDimV;
            for (std::int64_t i = 0; i < headDimV; ++i)
                row[i] += weight * part[i];
        }
        for (std::int64_t i = 0; i < headDimV; ++i)
            row[i] /= denominator;
    }
}

std::string kernelTarget() {
    return HWY_DYNAMIC_DISPATCH(targetName)();
}

} // namespace decodescope
#endif
