// SPDX-License-Identifier: Apache-2.0
// Panels of F32, F16 and BF16 weights times f32 inputs; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_PROJECTION_FLOAT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_PROJECTION_FLOAT_INL_H
#undef DECODESCOPE_CPU_PROJECTION_FLOAT_INL_H
#else
#define DECODESCOPE_CPU_PROJECTION_FLOAT_INL_H
#endif

#include <algorithm>
#include <type_traits>

#include <hwy/cache_control.h>

#include "core/cpu/projection_kernel.h"
#include "core/cpu/projection_part.h"
#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// A vector of rows, and how many of them are a panel.
using RowFloats = hn::CappedTag<float, kPanelRows>;
constexpr int kRowLanes = static_cast<int>(hn::MaxLanes(RowFloats()));
constexpr int kPanelVectors = static_cast<int>(kPanelRows) / kRowLanes;

/// Where more than two sequences are multiplied, what follows in a panel is asked for: the
/// prefetcher is asleep by then, as few loads wait beside so much arithmetic. (4 sequences, f16, on
/// Zen 4: 10.8 against 12.9 ms, where reading takes 9 and the arithmetic as long.) For fewer it
/// depends on the core (ReadingHabits::asksForWeights).
constexpr bool asksFor(int sequences, bool asks) {
    return asks || sequences > 2;
}
/// Sums that stay in registers beside what is multiplied.
constexpr int kMostSums = HWY_MAX_BYTES == 32 ? 8 : 16;
/// One sequence is multiplied with four panels at a time: see blockPart().
constexpr bool kReadsFourPanels = HWY_ARCH_X86 && HWY_TARGET == HWY_AVX2;
/// Sequences that are multiplied together.
constexpr int kMostTogether = HWY_MAX_BYTES >= 64 ? 8 : 4;

template <class V>
HWY_INLINE void addProduct(V& sum, const float* input, V weights) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
    multiplyAdd(sum, input, weights);
#else
    multiplyAdd(sum, hn::Set(RowFloats(), *input), weights);
#endif
}

/// Columns of kPanels panels times kBatch sequences: added to `sums` [sequence][panel][row], with
/// `stride` from one sequence to the next. `panels`: where the columns begin in each; `in`
/// [column][kBatch].
template <int kPanels, int kBatch, bool kAsks, typename T>
HWY_INLINE void addColumns(const T* const* panels, const float* in, std::int64_t columns,
                           std::int64_t aheadBytes, float* sums, std::int64_t stride) {
    constexpr int kSums = kPanels * kPanelVectors * kBatch;
    constexpr int kChains = kSums < 8 ? 8 / kSums : 1; ///< to hide the latency
    const RowFloats d;
    using V = hn::Vec<RowFloats>;
    V sum[kChains][kPanels][kPanelVectors][kBatch];
    DECODESCOPE_UNROLL
    for (auto& chain : sum) {
        DECODESCOPE_UNROLL
        for (auto& panel : chain) {
            DECODESCOPE_UNROLL
            for (auto& rows : panel) {
                DECODESCOPE_UNROLL
                for (V& each : rows)
                    each = hn::Zero(d);
            }
        }
    }
    const auto addColumn = [&](std::int64_t c, V(&chain)[kPanels][kPanelVectors][kBatch]) HWY_ATTR {
        DECODESCOPE_UNROLL
        for (int p = 0; p < kPanels; ++p) {
            if constexpr (kAsks)
                hwy::Prefetch(reinterpret_cast<const std::byte*>(panels[p] + c * kPanelRows) +
                              aheadBytes);
            DECODESCOPE_UNROLL
            for (int v = 0; v < kPanelVectors; ++v) {
                const V weights = loadFloats(d, panels[p] + c * kPanelRows + v * kRowLanes);
                DECODESCOPE_UNROLL
                for (int b = 0; b < kBatch; ++b)
                    addProduct(chain[p][v][b], in + c * kBatch + b, weights);
            }
        }
    };
    std::int64_t c = 0;
    for (; c + kChains <= columns; c += kChains) {
        DECODESCOPE_UNROLL
        for (int i = 0; i < kChains; ++i)
            addColumn(c + i, sum[i]);
    }
    for (; c < columns; ++c)
        addColumn(c, sum[0]);
    DECODESCOPE_UNROLL
    for (int p = 0; p < kPanels; ++p) {
        DECODESCOPE_UNROLL
        for (int v = 0; v < kPanelVectors; ++v) {
            DECODESCOPE_UNROLL
            for (int b = 0; b < kBatch; ++b) {
                float* at = sums + b * stride + p * kPanelRows + v * kRowLanes;
                V all = sum[0][p][v][b];
                DECODESCOPE_UNROLL
                for (int i = 1; i < kChains; ++i)
                    all = hn::Add(all, sum[i][p][v][b]);
                hn::StoreU(hn::Add(hn::LoadU(d, at), all), d, at);
            }
        }
    }
}

/// kPanels panels, the first at `row` and `apart` rows from one to the next, times all sequences of
/// a part. A stretch of columns is read from memory once, and from a cache for the second group of
/// sequences on.
template <int kPanels, bool kAsks, typename T>
void floatPanels(const Projection& p, const ProjectionPart& part, std::int64_t row,
                 std::int64_t apart) {
    constexpr std::int64_t kStretch = 1024; ///< a sum of many more loses the bound of f32
    const T* panels[kPanels];
    for (int i = 0; i < kPanels; ++i)
        panels[i] = reinterpret_cast<const T*>(p.weights) + (row + i * apart) * p.columns;
    const float* in = p.batch > 1 ? reinterpret_cast<const float*>(p.scratch) : p.in;
    HWY_ALIGN float sums[kPanels * kMostSequences * kPanelRows];
    constexpr std::int64_t kStride = kPanels * kPanelRows;
    const std::int64_t sequences = part.sequenceEnd - part.sequence;
    std::fill_n(sums, std::min(kMostSequences, sequences + 1) * kStride, 0.0F);
    for (std::int64_t c = 0; c < p.columns; c += kStretch) {
        const std::int64_t columns = std::min(kStretch, p.columns - c);
        forGroups<kMostTogether>(
            part.sequence, part.sequenceEnd, [&](auto size, std::int64_t sequence) HWY_ATTR {
                const float* from = in + sequence * p.columns + c * size;
                float* to = sums + (sequence - part.sequence) * kStride;
                if constexpr (kPanels * kPanelVectors * size <= kMostSums)
                    addColumns<kPanels, size, asksFor(size, kAsks)>(panels, from, columns,
                                                                    part.aheadBytes, to, kStride);
                else
                    for (int i = 0; i < kPanels; ++i)
                        addColumns<1, size, asksFor(size, kAsks)>(panels + i, from, columns,
                                                                  part.aheadBytes,
                                                                  to + i * kPanelRows, kStride);
            });
        for (const T*& panel : panels)
            panel += columns * kPanelRows;
    }
    for (std::int64_t s = part.sequence; s < part.sequenceEnd; ++s)
        for (int i = 0; i < kPanels; ++i)
            putSums(p, row + i * apart, s, sums + (s - part.sequence) * kStride + i * kPanelRows);
}

/// project(row, apart) for kPanels panels at a time, the first at `row` and `apart` rows from one
/// to the next, while there are so many from `row` on. Returns the row from which on none is done.
template <int kPanels, class F>
HWY_INLINE std::int64_t panelsTogether(const ProjectionPart& part, std::int64_t row,
                                       const F& project) {
    const std::int64_t panels = (part.rowEnd - row + kPanelRows - 1) / kPanelRows;
    const std::int64_t apart = panels / kPanels * kPanelRows;
    for (const std::int64_t end = row + apart; row < end; row += kPanelRows)
        project(row, apart);
    return row + (kPanels - 1) * apart;
}

/// Two panels at a time, each a stream of its own to the prefetchers; with AVX2 four for one
/// sequence of 16-bit weights. Measured on Zen 3: 0.89 of the time of two; f32 gains nothing.
template <typename T, bool kAsks>
void floatPart(const Projection& p, const ProjectionPart& part) {
    const auto together = [&](auto panels, std::int64_t from) HWY_ATTR {
        constexpr int kPanels = decltype(panels)::value;
        return panelsTogether<kPanels>(part, from,
                                       [&](std::int64_t row, std::int64_t apart) HWY_ATTR {
                                           floatPanels<kPanels, kAsks, T>(p, part, row, apart);
                                       });
    };
    std::int64_t row = part.row;
    if constexpr (kReadsFourPanels && sizeof(T) == 2)
        if (part.sequenceEnd - part.sequence == 1)
            row = together(std::integral_constant<int, 4>(), row);
    row = together(std::integral_constant<int, 2>(), row);
    together(std::integral_constant<int, 1>(), row);
}

/// The inputs of several sequences, group by group [column][sequence]; columns [from, to) of them.
void packFloats(const Projection& p, std::int64_t from, std::int64_t to) {
    auto* packed = reinterpret_cast<float*>(p.scratch);
    forGroups<kMostTogether>(0, p.batch, [&](auto size, std::int64_t first) {
        float* at = packed + first * p.columns + from * size;
        const std::int64_t held = std::min<std::int64_t>(size, p.batch - first);
        const float* in = p.in + first * p.columns;
        for (std::int64_t c = from; c < to; ++c, at += size)
            for (std::int64_t b = 0; b < size; ++b)
                at[b] = b < held ? in[b * p.columns + c] : 0.0F;
    });
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
