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

#include "core/cpu/tile_rows-inl.h"
#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

using FloatTag = hn::ScalableTag<float>;
using FloatVec = hn::Vec<FloatTag>;

/// Query heads whose scores stay in registers at a time, and the accumulators that leave room for
/// what is multiplied: 12 of 16 registers, 16 of 32. The portable path is to be small.
#if HWY_TARGET == HWY_AVX2
constexpr int kBlockHeads = 6;
constexpr int kAccumulators = 12;
#elif HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
constexpr int kBlockHeads = 2;
constexpr int kAccumulators = 4;
#else
constexpr int kBlockHeads = 8;
constexpr int kAccumulators = 16;
#endif
/// Independent sums that hide the latency of a multiply-add (4 cycles, two a cycle).
constexpr int kChains = 8;

/// Blocks of heads that each convert a tile for themselves: more share one that was converted into
/// the first-level cache.
constexpr std::int64_t kBlocksBeforeConversion = 2;

/// How far ahead memory is asked for, and how much of a matrix one sweep passes over. A few heads
/// wait for memory, and what is asked for too early is dropped; more heads leave time, and long
/// sweeps cost them least. Measured on Zen 3: 2 KiB against 8 KiB is worth 8 % to one head, and the
/// other way round 15 % to four.
constexpr std::int64_t kWaitingHeads = 2;
constexpr std::int64_t kWaitingBytes = 2048;
constexpr std::int64_t kBusyBytes = 8192;

constexpr float kLazyRescale = 8; ///< in powers of two: accumulators may grow 256-fold

std::int64_t lanesOf() {
    return static_cast<std::int64_t>(hn::Lanes(FloatTag()));
}

/// Vectors of columns that a number of heads takes at a time.
constexpr int widthFor(int heads) {
    const int fit = kAccumulators / heads;
    return fit >= 4 ? 4 : fit >= 2 ? 2 : 1;
}

/// The queries of a block of heads: what each of its scores starts from, and its factors.
struct BlockQueries {
    const float* packed; ///< [headDimK][heads]
    const float* sums;   ///< [headDimK / kBlockValues][heads]: of the queries of one block
    float* weights;      ///< [heads][kTileTokens]: scores, then their exp2
};

/// Asks for memory that is soon read, a line at a time and at the pace of the work: a CPU drops
/// what is asked for while its buffers for misses are taken (on Zen 3 some 24 lines).
struct Ahead {
    const std::byte* next = nullptr; ///< line to ask for
    const std::byte* due = nullptr;  ///< all lines before it should have been asked for
    std::int64_t step = 0;           ///< by which `due` moves with each pair of rows
    std::int64_t chunkBytes = 0;     ///< of rows that a sweep passes over

    HWY_INLINE void advance() {
        due += step;
        for (; next < due; next += kLine)
            hwy::Prefetch(next);
    }

private:
    static constexpr std::int64_t kLine = 64;
};

template <class D, int kHeads, int kWidth>
using Sums = hn::Vec<D>[kHeads][kWidth];

/// sum[h][w] += factors[h × kStride] × row(w): whichever is fewer, factors or vectors of the row,
/// is held in registers beside the sums.
template <int kHeads, int kWidth, int kStride, class D, class Row>
HWY_INLINE void multiplyRow(D d, const float* factors, const Row& row,
                            Sums<D, kHeads, kWidth>& sum) {
    using V = hn::Vec<D>;
    if constexpr (kHeads < kWidth) {
        V factor[kHeads];
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            factor[h] = hn::Set(d, factors[h * kStride]);
        }
        DECODESCOPE_UNROLL
        for (int w = 0; w < kWidth; ++w) {
            const V v = row(w);
            DECODESCOPE_UNROLL
            for (int h = 0; h < kHeads; ++h) {
                multiplyAdd(sum[h][w], factor[h], v);
            }
        }
    } else {
        V v[kWidth];
        DECODESCOPE_UNROLL
        for (int w = 0; w < kWidth; ++w) {
            v[w] = row(w);
        }
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            const V factor = hn::Set(d, factors[h * kStride]);
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                multiplyAdd(sum[h][w], factor, v[w]);
            }
        }
    }
}

/// sum[h][w] += Σ_r factors[r × kNext + h × kStride] × rows[r][c + w × lanes …], r < 2 × pairs.
template <int kHeads, int kWidth, int kStride, int kNext, class D, class Rows>
HWY_INLINE void multiplyRows(D d, const Rows& rows, std::int64_t pairs, std::int64_t c,
                             const float* factors, Sums<D, kHeads, kWidth>& sum, Ahead& ahead) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    constexpr bool kSplit = kHeads * kWidth < kChains; // odd rows get sums of their own
    Sums<D, kHeads, kWidth> odd;
    if constexpr (kSplit) {
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                odd[h][w] = hn::Zero(d);
            }
        }
    }
    const std::int64_t pairBytes = rows.pairBytes();
    const std::byte* at = rows.base;
    Ahead pace = ahead;
    for (std::int64_t p = 0; p < pairs; ++p, factors += 2 * kNext, at += pairBytes) {
        pace.advance();
        const auto evenRow = [&](int w) HWY_ATTR __attribute__((always_inline)) {
            return rows.even(d, at, c + w * lanes);
        };
        const auto oddRow = [&](int w) HWY_ATTR __attribute__((always_inline)) {
            return rows.odd(d, at, c + w * lanes);
        };
        multiplyRow<kHeads, kWidth, kStride>(d, factors, evenRow, sum);
        if constexpr (kSplit)
            multiplyRow<kHeads, kWidth, kStride>(d, factors + kNext, oddRow, odd);
        else
            multiplyRow<kHeads, kWidth, kStride>(d, factors + kNext, oddRow, sum);
    }
    ahead = pace;
    if constexpr (kSplit) {
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                sum[h][w] = hn::Add(sum[h][w], odd[h][w]);
            }
        }
    }
}

/// `pairs` pairs of rows from the first on.
template <class Rows>
HWY_INLINE Rows rowsFrom(const Rows& rows, std::int64_t pairs) {
    return {rows.base + pairs * rows.pairBytes(), rows.columns};
}

/// Pairs of rows of one chunk.
template <class Rows>
HWY_INLINE std::int64_t chunkPairs(const Rows& rows, const Ahead& ahead) {
    return std::max<std::int64_t>(1, ahead.chunkBytes / rows.pairBytes());
}

/// weights[h][t] = Σ_r queries[r][h] × keys[r][t].
template <int kHeads, int kWidth, class Rows>
HWY_INLINE void scoreRows(const Rows& keys, std::int64_t headDimK, const BlockQueries& block,
                          Ahead& ahead) {
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    const std::int64_t pairs = headDimK / 2;
    const bool oneSweep = kWidth * lanes >= kTileTokens;
    const std::int64_t chunk = oneSweep ? pairs : chunkPairs(keys, ahead);
    for (std::int64_t p = 0; p < pairs; p += chunk)
        for (std::int64_t t = 0; t < kTileTokens; t += kWidth * lanes) {
            float* weights = block.weights + t;
            Sums<FloatTag, kHeads, kWidth> sum;
            DECODESCOPE_UNROLL
            for (int h = 0; h < kHeads; ++h) {
                DECODESCOPE_UNROLL
                for (int w = 0; w < kWidth; ++w) {
                    sum[h][w] =
                        p == 0 ? hn::Zero(d) : hn::LoadU(d, weights + h * kTileTokens + w * lanes);
                }
            }
            multiplyRows<kHeads, kWidth, 1, kHeads>(d, rowsFrom(keys, p),
                                                    std::min(chunk, pairs - p), t,
                                                    block.packed + 2 * p * kHeads, sum, ahead);
            DECODESCOPE_UNROLL
            for (int h = 0; h < kHeads; ++h) {
                DECODESCOPE_UNROLL
                for (int w = 0; w < kWidth; ++w) {
                    hn::StoreU(sum[h][w], d, weights + h * kTileTokens + w * lanes);
                }
            }
        }
}

/// The same for a matrix in blocks: each block's sum is scaled, a token at a time, and added.
template <int kHeads, int kWidth, class Rows>
HWY_INLINE void scoreBlocks(const BlockMatrix<Rows>& keys, std::int64_t headDimK,
                            const BlockQueries& block, Ahead& ahead) {
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    for (std::int64_t b = 0; b < headDimK / kBlockValues; ++b) {
        const hwy::float16_t* scales = keys.scales(b);
        for (std::int64_t t = 0; t < kTileTokens; t += kWidth * lanes) {
            Sums<FloatTag, kHeads, kWidth> sum;
            DECODESCOPE_UNROLL
            for (int h = 0; h < kHeads; ++h) {
                DECODESCOPE_UNROLL
                for (int w = 0; w < kWidth; ++w) {
                    sum[h][w] = hn::Set(d, -Rows::kBias * block.sums[b * kHeads + h]);
                }
            }
            multiplyRows<kHeads, kWidth, 1, kHeads>(d, keys.rows(b), kBlockValues / 2, t,
                                                    block.packed + b * kBlockValues * kHeads, sum,
                                                    ahead);
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                const FloatVec scale = loadFloats(d, scales + t + w * lanes);
                DECODESCOPE_UNROLL
                for (int h = 0; h < kHeads; ++h) {
                    float* at = block.weights + h * kTileTokens + t + w * lanes;
                    const FloatVec before = b == 0 ? hn::Zero(d) : hn::LoadU(d, at);
                    hn::StoreU(hn::MulAdd(scale, sum[h][w], before), d, at);
                }
            }
        }
    }
}

/// output[h][0 .. kWidth × lanes) += Σ_t weights[h][t] × (values[t][c …] - bias).
template <int kHeads, int kWidth, class D, class Rows>
HWY_INLINE void addColumns(D d, const Rows& values, std::int64_t c, std::int64_t tokens,
                           const float* weights, const float* bias, float* output,
                           std::int64_t headDimV, Ahead& ahead) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    Sums<D, kHeads, kWidth> sum;
    DECODESCOPE_UNROLL
    for (int h = 0; h < kHeads; ++h) {
        DECODESCOPE_UNROLL
        for (int w = 0; w < kWidth; ++w) {
            sum[h][w] = hn::LoadU(d, output + h * headDimV + w * lanes);
            if constexpr (Rows::kBias != 0)
                sum[h][w] = hn::Sub(sum[h][w], hn::Set(d, bias[h]));
        }
    }
    const std::int64_t pairs = tokens / 2;
    multiplyRows<kHeads, kWidth, kTileTokens, 1>(d, values, pairs, c, weights, sum, ahead);
    if (tokens % 2 != 0) { // what the last pair's odd row holds is nobody's
        const std::byte* at = values.base + pairs * values.pairBytes();
        const auto last = [&](int w) HWY_ATTR __attribute__((always_inline)) {
            return values.even(d, at, c + w * lanes);
        };
        multiplyRow<kHeads, kWidth, kTileTokens>(d, weights + 2 * pairs, last, sum);
    }
    DECODESCOPE_UNROLL
    for (int h = 0; h < kHeads; ++h) {
        DECODESCOPE_UNROLL
        for (int w = 0; w < kWidth; ++w) {
            hn::StoreU(sum[h][w], d, output + h * headDimV + w * lanes);
        }
    }
}

/// addColumns() over columns [from, to) of a matrix, widest first.
template <int kHeads, int kWidth, class Rows>
HWY_INLINE void addAllColumns(const Rows& values, std::int64_t from, std::int64_t to,
                              std::int64_t tokens, const float* weights, const float* bias,
                              float* output, std::int64_t headDimV, Ahead& ahead) {
    const FloatTag d;
    const std::int64_t width = kWidth * lanesOf();
    for (; from + width <= to; from += width, output += width)
        addColumns<kHeads, kWidth>(d, values, from, tokens, weights, bias, output, headDimV, ahead);
    if constexpr (kWidth > 1) {
        if (from < to)
            addAllColumns<kHeads, kWidth / 2>(values, from, to, tokens, weights, bias, output,
                                              headDimV, ahead);
    } else if constexpr (HWY_MAX_BYTES > 32) {
        const hn::CappedTag<float, 8> half; // head_dim: a multiple of 8, perhaps not of the lanes
        const auto lanes = static_cast<std::int64_t>(hn::Lanes(half));
        for (; from < to; from += lanes, output += lanes)
            addColumns<kHeads, 1>(half, values, from, tokens, weights, bias, output, headDimV,
                                  ahead);
    }
}

template <int kHeads, class Rows>
HWY_INLINE void addRows(const Rows& values, std::int64_t headDimV, std::int64_t tokens,
                        const float* weights, float* output, Ahead& ahead) {
    const std::int64_t chunk = 2 * chunkPairs(values, ahead);
    for (std::int64_t t = 0; t < tokens; t += chunk)
        addAllColumns<kHeads, widthFor(kHeads)>(rowsFrom(values, t / 2), 0, headDimV,
                                                std::min(chunk, tokens - t), weights + t, nullptr,
                                                output, headDimV, ahead);
}

/// The same for a matrix in blocks: a token's scale goes into its weight.
template <int kHeads, class Rows>
HWY_INLINE void addBlocks(const BlockMatrix<Rows>& values, std::int64_t headDimV,
                          std::int64_t tokens, const float* weights, float* output, Ahead& ahead) {
    const FloatTag d;
    HWY_ALIGN float scaled[kHeads * kTileTokens];
    float bias[kHeads];
    for (std::int64_t b = 0; b < headDimV / kBlockValues; ++b) {
        const hwy::float16_t* scales = values.scales(b);
        for (int h = 0; h < kHeads; ++h) {
            for (std::int64_t t = 0; t < kTileTokens; t += lanesOf())
                hn::Store(
                    hn::Mul(hn::LoadU(d, weights + h * kTileTokens + t), loadFloats(d, scales + t)),
                    d, scaled + h * kTileTokens + t);
            if constexpr (Rows::kBias != 0) {
                std::fill(scaled + h * kTileTokens + tokens, scaled + (h + 1) * kTileTokens, 0.0F);
                auto sum = hn::Load(d, scaled + h * kTileTokens);
                for (std::int64_t t = lanesOf(); t < kTileTokens; t += lanesOf())
                    sum = hn::Add(sum, hn::Load(d, scaled + h * kTileTokens + t));
                bias[h] = Rows::kBias * hn::GetLane(hn::SumOfLanes(d, sum));
            }
        }
        addAllColumns<kHeads, widthFor(kHeads)>(values.rows(b), 0, kBlockValues, tokens, scaled,
                                                bias, output + b * kBlockValues, headDimV, ahead);
    }
}

/// Calls kernel.template run<N>() for N = heads, at most kBlockHeads.
template <int kHeads = kBlockHeads, class Kernel>
HWY_INLINE void forHeads(std::int64_t heads, const Kernel& kernel) {
    if (heads == kHeads)
        kernel.template run<kHeads>();
    else if constexpr (kHeads > 1)
        forHeads<kHeads - 1>(heads, kernel);
}

template <class Matrix>
struct ScoreKernel {
    const Matrix& keys;
    std::int64_t headDimK;
    BlockQueries block;
    Ahead& ahead;
    template <int kHeads>
    HWY_INLINE void run() const {
        constexpr int kWidth = widthFor(kHeads);
        if constexpr (Matrix::kInBlocks)
            scoreBlocks<kHeads, kWidth>(keys, headDimK, block, ahead);
        else
            scoreRows<kHeads, kWidth>(keys.rows, headDimK, block, ahead);
    }
};

template <class Matrix>
struct ValueKernel {
    const Matrix& values;
    std::int64_t headDimV, tokens;
    const float* weights;
    float* output;
    Ahead& ahead;
    template <int kHeads>
    HWY_INLINE void run() const {
        if constexpr (Matrix::kInBlocks)
            addBlocks<kHeads>(values, headDimV, tokens, weights, output, ahead);
        else
            addRows<kHeads>(values.rows, headDimV, tokens, weights, output, ahead);
    }
};

/// One thread's memory while it attends.
struct Scratch {
    float* queries;      ///< [block][headDimK][heads of the block], × scale × log2 e
    float* sums;         ///< [block][headDimK / kBlockValues][heads of the block]
    float* weights;      ///< [group][kTileTokens]
    float* denominators; ///< [group][a vector of partial sums]
    float* tile;         ///< one tile's keys, then its values, as f32
};

/// Keeps a head's running maximum. The accumulator is rescaled only where a score lies more than
/// kLazyRescale above it, so that almost every tile costs one comparison and one exp2 a score.
HWY_INLINE void raiseMaximum(float* scores, std::int64_t tokens, std::int64_t headDimV, float& max,
                             float* denominators, float* output) {
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    if (tokens < kTileTokens)
        std::fill(scores + tokens, scores + kTileTokens, -std::numeric_limits<float>::infinity());
    auto largest = hn::LoadU(d, scores);
    for (std::int64_t t = lanes; t < kTileTokens; t += lanes)
        largest = hn::Max(largest, hn::LoadU(d, scores + t));
    if (HWY_LIKELY(hn::AllTrue(d, hn::Le(largest, hn::Set(d, max + kLazyRescale)))))
        return;
    const float tileMax = hn::GetLane(hn::MaxOfLanes(d, largest));
    const float shrink = std::exp2(max - tileMax); // 0 the first time
    max = tileMax;
    hn::StoreU(hn::Mul(hn::LoadU(d, denominators), hn::Set(d, shrink)), d, denominators);
    for (std::int64_t i = 0; i < headDimV; ++i)
        output[i] *= shrink;
}

/// weights = exp2(scores - maximum) of kHeads heads, added up in their denominators. Some heads at
/// a time, since each exp2 is a long chain of operations that wait for one another.
template <int kHeads>
HWY_INLINE void weighScores(float* weights, const float* max, float* denominators) {
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    constexpr int kVectors = HWY_MAX_BYTES >= 64 ? 2 : 4;
    for (std::int64_t t = 0; t < kTileTokens; t += kVectors * lanes) {
        FloatVec x[kHeads * kVectors];
        DECODESCOPE_UNROLL
        for (int i = 0; i < kHeads * kVectors; ++i) {
            const float* at = weights + i / kVectors * kTileTokens + t + i % kVectors * lanes;
            x[i] = hn::Sub(hn::LoadU(d, at), hn::Set(d, max[i / kVectors]));
        }
        exp2All(d, x);
        DECODESCOPE_UNROLL
        for (int i = 0; i < kHeads * kVectors; ++i) {
            hn::StoreU(x[i], d, weights + i / kVectors * kTileTokens + t + i % kVectors * lanes);
        }
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            auto sum = hn::LoadU(d, denominators + h * lanes);
            DECODESCOPE_UNROLL
            for (int w = 0; w < kVectors; ++w) {
                sum = hn::Add(sum, x[h * kVectors + w]);
            }
            hn::StoreU(sum, d, denominators + h * lanes);
        }
    }
    // Slots past the end weigh 2^-126 here, and no value is read for them.
}

/// Turns the group's scores of a tile into weights.
void softmaxTile(const AttentionPart& part, const AttentionState& state, const Scratch& scratch,
                 std::int64_t tokens) {
    for (std::int64_t h = 0; h < part.group; ++h)
        raiseMaximum(scratch.weights + h * kTileTokens, tokens, part.headDimV, state.max[h],
                     scratch.denominators + h * lanesOf(), state.output + h * part.headDimV);
    constexpr int kTogether = 2;
    std::int64_t h = 0;
    for (; h + kTogether <= part.group; h += kTogether)
        weighScores<kTogether>(scratch.weights + h * kTileTokens, state.max + h,
                               scratch.denominators + h * lanesOf());
    for (; h < part.group; ++h)
        weighScores<1>(scratch.weights + h * kTileTokens, state.max + h,
                       scratch.denominators + h * lanesOf());
}

/// A tile's matrix as f32 in rows: keys with a scale a column, values with a scale a row.
template <class Rows>
HWY_INLINE void toFloats(const Rows& from, std::int64_t rows, std::int64_t columns, float* to) {
    const hn::CappedTag<float, 8> d; // divides any head_dim
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const std::byte* at = from.base;
    for (std::int64_t p = 0; p < rows / 2; ++p, to += 2 * columns, at += from.pairBytes())
        for (std::int64_t c = 0; c < columns; c += lanes) {
            hn::StoreU(from.even(d, at, c), d, to + c);
            hn::StoreU(from.odd(d, at, c), d, to + columns + c);
        }
}

template <class Rows>
HWY_INLINE void keysToFloats(const RowMatrix<Rows>& keys, std::int64_t headDim, float* to) {
    toFloats(keys.rows, headDim, kTileTokens, to);
}

template <class Rows>
HWY_INLINE void keysToFloats(const BlockMatrix<Rows>& keys, std::int64_t headDim, float* to) {
    const FloatTag d;
    const auto bias = hn::Set(d, Rows::kBias);
    for (std::int64_t b = 0; b < headDim / kBlockValues; ++b, to += kBlockValues * kTileTokens)
        for (std::int64_t t = 0; t < kTileTokens; t += lanesOf()) {
            const auto scale = loadFloats(d, keys.scales(b) + t);
            const Rows rows = keys.rows(b);
            for (std::int64_t p = 0; p < kBlockValues / 2; ++p) {
                const std::byte* at = rows.base + p * rows.pairBytes();
                float* row = to + 2 * p * kTileTokens + t;
                hn::StoreU(hn::Mul(hn::Sub(rows.even(d, at, t), bias), scale), d, row);
                hn::StoreU(hn::Mul(hn::Sub(rows.odd(d, at, t), bias), scale), d, row + kTileTokens);
            }
        }
}

template <class Rows>
HWY_INLINE void valuesToFloats(const RowMatrix<Rows>& values, std::int64_t headDim, float* to) {
    toFloats(values.rows, kTileTokens, headDim, to);
}

template <class Rows>
HWY_INLINE void valuesToFloats(const BlockMatrix<Rows>& values, std::int64_t headDim, float* to) {
    const FloatTag d;
    const auto bias = hn::Set(d, Rows::kBias);
    HWY_ALIGN float scales[kTileTokens];
    for (std::int64_t b = 0; b < headDim / kBlockValues; ++b, to += kBlockValues) {
        for (std::int64_t t = 0; t < kTileTokens; t += lanesOf())
            hn::Store(loadFloats(d, values.scales(b) + t), d, scales + t);
        const Rows rows = values.rows(b);
        for (std::int64_t p = 0; p < kTileTokens / 2; ++p) {
            const auto even = hn::Set(d, scales[2 * p]);
            const auto odd = hn::Set(d, scales[2 * p + 1]);
            const std::byte* at = rows.base + p * rows.pairBytes();
            float* row = to + 2 * p * headDim;
            for (std::int64_t c = 0; c < kBlockValues; c += lanesOf()) {
                hn::StoreU(hn::Mul(hn::Sub(rows.even(d, at, c), bias), even), d, row + c);
                hn::StoreU(hn::Mul(hn::Sub(rows.odd(d, at, c), bias), odd), d, row + headDim + c);
            }
        }
    }
}

/// The blocks that a group is divided into, as even as can be: the first `wide` have one head more.
struct Blocks {
    std::int64_t count, heads, wide;
    explicit Blocks(std::int64_t group)
        : count((group + kBlockHeads - 1) / kBlockHeads), heads(group / count),
          wide(group % count) {}
    [[nodiscard]] HWY_INLINE std::int64_t headsOf(std::int64_t block) const {
        return heads + (block < wide ? 1 : 0);
    }
};

void packQueries(const AttentionPart& part, const Blocks& blocks, const Scratch& scratch) {
    float factor = part.scale * 1.44269504F;
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
            for (std::int64_t j = 0; j < dim / kBlockValues; ++j)
                for (std::int64_t h = 0; h < heads; ++h) {
                    float sum = 0;
                    for (std::int64_t i = j * kBlockValues; i < (j + 1) * kBlockValues; ++i)
                        sum += block[i * heads + h];
                    scratch.sums[first * (dim / kBlockValues) + j * heads + h] = sum;
                }
        first += heads;
    }
}

template <class Matrix>
HWY_INLINE void scoreTile(const AttentionPart& part, const Blocks& blocks, const Matrix& keys,
                          const Scratch& scratch, Ahead& ahead) {
    std::int64_t first = 0;
    for (std::int64_t b = 0; b < blocks.count; ++b) {
        const std::int64_t heads = blocks.headsOf(b);
        forHeads(heads, ScoreKernel<Matrix>{
                            keys, part.headDimK,
                            BlockQueries{scratch.queries + first * part.headDimK,
                                         scratch.sums + first * (part.headDimK / kBlockValues),
                                         scratch.weights + first * kTileTokens},
                            ahead});
        first += heads;
    }
}

template <class Matrix>
HWY_INLINE void valueTile(const AttentionPart& part, const Blocks& blocks, const Matrix& values,
                          std::int64_t tokens, const Scratch& scratch, float* output,
                          Ahead& ahead) {
    std::int64_t first = 0;
    for (std::int64_t b = 0; b < blocks.count; ++b) {
        const std::int64_t heads = blocks.headsOf(b);
        forHeads(heads, ValueKernel<Matrix>{values, part.headDimV, tokens,
                                            scratch.weights + first * kTileTokens,
                                            output + first * part.headDimV, ahead});
        first += heads;
    }
}

/// What is done with one tile, for one type of keys or of values.
struct TileWork {
    const AttentionPart& part;
    const Blocks& blocks;
    const Scratch& scratch;
    float* output;
    Ahead ahead;
};
using TileKernel = void (*)(TileWork& work, const std::byte* matrix, std::int64_t tokens);

/// A tile that several blocks read is converted once, into the first-level cache.
template <class Matrix>
HWY_INLINE bool convertsFirst(const Blocks& blocks) {
    return !Matrix::kIsFloat && blocks.count > kBlocksBeforeConversion;
}

template <class Matrix>
void scoreKeys(TileWork& work, const std::byte* matrix, std::int64_t /*tokens*/) {
    const Matrix keys(matrix, kTileTokens);
    if (!convertsFirst<Matrix>(work.blocks)) {
        scoreTile(work.part, work.blocks, keys, work.scratch, work.ahead);
        return;
    }
    keysToFloats(keys, work.part.headDimK, work.scratch.tile);
    scoreTile(work.part, work.blocks, FloatMatrix(work.scratch.tile, kTileTokens), work.scratch,
              work.ahead);
}

template <class Matrix>
void addTileValues(TileWork& work, const std::byte* matrix, std::int64_t tokens) {
    const Matrix values(matrix, work.part.headDimV);
    if (!convertsFirst<Matrix>(work.blocks)) {
        valueTile(work.part, work.blocks, values, tokens, work.scratch, work.output, work.ahead);
        return;
    }
    valuesToFloats(values, work.part.headDimV, work.scratch.tile);
    valueTile(work.part, work.blocks, FloatMatrix(work.scratch.tile, work.part.headDimV), tokens,
              work.scratch, work.output, work.ahead);
}

TileKernel scoreKernelFor(DataType type) {
    switch (type) {
    case DataType::F32:
        return scoreKeys<FloatMatrix>;
    case DataType::F16:
        return scoreKeys<RowMatrix<PlainRows<hwy::float16_t>>>;
    case DataType::BF16:
        return scoreKeys<RowMatrix<Bf16PairRows>>;
    case DataType::Int8:
        return scoreKeys<RowMatrix<PlainRows<std::int8_t>>>;
    case DataType::Q8_0:
        return scoreKeys<BlockMatrix<PlainRows<std::int8_t>>>;
    default:
        return scoreKeys<BlockMatrix<NibblePairRows>>;
    }
}

TileKernel valueKernelFor(DataType type) {
    switch (type) {
    case DataType::F32:
        return addTileValues<FloatMatrix>;
    case DataType::F16:
        return addTileValues<RowMatrix<PlainRows<hwy::float16_t>>>;
    case DataType::BF16:
        return addTileValues<RowMatrix<Bf16PairRows>>;
    case DataType::Int8:
        return addTileValues<RowMatrix<PlainRows<std::int8_t>>>;
    case DataType::Q8_0:
        return addTileValues<BlockMatrix<PlainRows<std::int8_t>>>;
    default:
        return addTileValues<BlockMatrix<NibblePairRows>>;
    }
}

/// Bytes of the next tile to ask for with each pair of rows that multiplyRows() takes.
std::int64_t aheadStep(const AttentionPart& part, const Blocks& blocks, std::int64_t tileBytes) {
    std::int64_t pairs = 0;
    for (std::int64_t b = 0; b < blocks.count; ++b) {
        const std::int64_t columns = widthFor(static_cast<int>(blocks.headsOf(b))) * lanesOf();
        pairs += kTileTokens / columns * (part.headDimK / 2) +
                 part.headDimV / columns * (kTileTokens / 2);
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

void attend(const AttentionPart& part, const AttentionState& state, float* memory) {
    const Blocks blocks(part.group);
    Scratch scratch{};
    scratch.tile = memory;
    scratch.weights = scratch.tile + kTileTokens * std::max(part.headDimK, part.headDimV);
    scratch.denominators = scratch.weights + part.group * kTileTokens;
    scratch.queries = scratch.denominators + part.group * lanesOf();
    scratch.sums = scratch.queries + part.group * part.headDimK;

    packQueries(part, blocks, scratch);
    std::fill_n(state.max, part.group, -std::numeric_limits<float>::infinity());
    std::fill_n(scratch.denominators, part.group * lanesOf(), 0.0F);
    std::fill_n(state.output, part.group * part.headDimV, 0.0F);
    const TileKernel score = scoreKernelFor(part.types.key);
    const TileKernel addValuesOf = valueKernelFor(part.types.value);
    const KvLayout layout{part.types, 1, 1, part.headDimK, part.headDimV, part.tokens};
    const std::uint64_t keyBytes = layout.keyTileBytes();
    const std::uint64_t tileBytes = layout.tileBytes();
    TileWork work{part, blocks, scratch, state.output, {}};
    work.ahead.step = aheadStep(part, blocks, static_cast<std::int64_t>(tileBytes));
    const std::int64_t ahead = part.group <= kWaitingHeads ? kWaitingBytes : kBusyBytes;
    work.ahead.chunkBytes = ahead;
    const std::byte* tile = part.tiles;
    for (std::int64_t done = 0; done < part.tokens; done += kTileTokens, tile += tileBytes) {
        const std::int64_t tokens = std::min(kTileTokens, part.tokens - done);
        work.ahead.next = work.ahead.due = tile + ahead;
        score(work, tile, tokens);
        softmaxTile(part, state, scratch, tokens);
        addValuesOf(work, tile + keyBytes, tokens);
    }
    finish(part, state, scratch.denominators);
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
    constexpr std::int64_t kMostLanes = 16;
    return kTileTokens * std::max(headDimK, headDimV) +
           group * (kTileTokens + kMostLanes + headDimK + headDimK / kBlockValues);
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
