// SPDX-License-Identifier: Apache-2.0
// Panels of Q8_0 and Q4_0 weights times inputs rounded to integers; compiled once for each
// instruction set.
#if defined(DECODESCOPE_CPU_PROJECTION_BLOCKS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_PROJECTION_BLOCKS_INL_H
#undef DECODESCOPE_CPU_PROJECTION_BLOCKS_INL_H
#else
#define DECODESCOPE_CPU_PROJECTION_BLOCKS_INL_H
#endif

#include <algorithm>
#include <type_traits>

#include "core/cpu/projection_float-inl.h"
#include "core/cpu/projection_kernel.h"
#include "core/cpu/projection_part.h"
#include "core/cpu/projection_units-inl.h"
#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

constexpr std::int64_t kBlockColumns = 32;
constexpr std::int64_t kScalesBytes = kPanelRows * 2;

/// The scales of one vector of rows.
HWY_INLINE hn::Vec<RowFloats> scalesOf(const std::byte* block, int vector) {
    const auto* scales = reinterpret_cast<const hwy::float16_t*>(block);
    return loadFloats(RowFloats(), scales + vector * kRowLanes);
}

// Inputs for Q8_0: 16-bit integers, pairs of them in words: for each group of sequences
// [pair of columns][sequence]. Before all of them the scale of each sequence.
constexpr std::int64_t kPairs = kBlockColumns / 2; ///< of a block

HWY_INLINE std::int64_t pairScalesBytes(std::int64_t batch) {
    constexpr std::int64_t kLine = 64;
    return (batch * static_cast<std::int64_t>(sizeof(float)) + kLine - 1) / kLine * kLine;
}

/// The pairs of the group that starts at `sequence`.
HWY_INLINE std::int32_t* pairsOf(const Projection& p, std::int64_t sequence) {
    return reinterpret_cast<std::int32_t*>(p.scratch + pairScalesBytes(p.batch)) +
           sequence * p.columns / 2;
}

/// The words of one block into the place of a sequence in its group of `size`.
template <std::int64_t kWords>
HWY_INLINE void putWords(const std::int32_t* words, std::int64_t size, std::int32_t* to) {
    for (std::int64_t i = 0; i < kWords; ++i)
        to[i * size] = words[i];
}

/// `to`: the place of the sequence in its group.
HWY_INLINE void packPairs(const Projection& p, std::int64_t sequence, std::int64_t size,
                          std::int32_t* to) {
    const hn::CappedTag<float, 16> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d)); // 32 is a multiple
    const hn::Rebind<std::int16_t, decltype(d)> shorts;
    const float* in = p.in + sequence * p.columns;
    auto most = hn::Zero(d);
    for (std::int64_t c = 0; c < p.columns; c += lanes)
        most = hn::Max(most, hn::Abs(hn::LoadU(d, in + c)));
    const float largest = hn::GetLane(hn::MaxOfLanes(d, most));
    const auto factor = hn::Set(d, largest > 0 ? 32767.0F / largest : 0.0F);
    HWY_ALIGN std::int32_t block[kPairs];
    for (std::int64_t c = 0; c < p.columns; c += kBlockColumns, to += kPairs * size) {
        for (std::int64_t i = 0; i < kBlockColumns; i += lanes) {
            const auto rounded = hn::NearestInt(hn::Mul(hn::LoadU(d, in + c + i), factor));
            hn::StoreU(hn::DemoteTo(shorts, rounded), shorts,
                       reinterpret_cast<std::int16_t*>(block) + i);
        }
        putWords<kPairs>(block, size, to);
    }
    reinterpret_cast<float*>(p.scratch)[sequence] = largest / 32767.0F;
}

/// kPanels panels, `apart` bytes from one to the next, times kBatch sequences: sums
/// [panel][sequence][row], less the scales of the sequences.
template <int kPanels, int kBatch, bool kAsks, class Unit>
HWY_INLINE void pairPanels(const std::byte* panel, std::int64_t apart, const std::int32_t* in,
                           std::int64_t blocks, std::int64_t aheadBytes, float* sums) {
    const RowFloats d;
    const RowWords words;
    hn::Vec<RowFloats> sum[kPanels][kPanelVectors][kBatch];
    DECODESCOPE_UNROLL
    for (auto& ofPanel : sum) {
        DECODESCOPE_UNROLL
        for (auto& rows : ofPanel) {
            DECODESCOPE_UNROLL
            for (auto& each : rows)
                each = hn::Zero(d);
        }
    }
    for (std::int64_t i = 0; i < blocks; ++i) {
        DECODESCOPE_UNROLL
        for (int p = 0; p < kPanels; ++p) {
            const std::byte* block = panel + p * apart;
            const auto* values = reinterpret_cast<const std::int8_t*>(block + kScalesBytes);
            hn::Vec<RowWords> products[kPanelVectors][kBatch];
            DECODESCOPE_UNROLL
            for (auto& rows : products) {
                DECODESCOPE_UNROLL
                for (auto& each : rows)
                    each = hn::Zero(words);
            }
            DECODESCOPE_UNROLL
            for (int pair = 0; pair < kPairs; ++pair) {
                if (kAsks && pair % 2 == 0)
                    hwy::Prefetch(values + 2 * pair * kPanelRows + aheadBytes);
                DECODESCOPE_UNROLL
                for (int v = 0; v < kPanelVectors; ++v) {
                    const auto row = Unit::load(values + 2 * (pair * kPanelRows + v * kRowLanes));
                    DECODESCOPE_UNROLL
                    for (int b = 0; b < kBatch; ++b)
                        Unit::add(products[v][b], row, in + pair * kBatch + b);
                }
            }
            DECODESCOPE_UNROLL
            for (int v = 0; v < kPanelVectors; ++v) {
                const auto scales = scalesOf(block, v);
                DECODESCOPE_UNROLL
                for (int b = 0; b < kBatch; ++b)
                    sum[p][v][b] =
                        hn::MulAdd(hn::ConvertTo(d, products[v][b]), scales, sum[p][v][b]);
            }
        }
        panel += kScalesBytes + kPanelRows * kBlockColumns;
        in += kPairs * kBatch;
    }
    DECODESCOPE_UNROLL
    for (int p = 0; p < kPanels; ++p) {
        DECODESCOPE_UNROLL
        for (int v = 0; v < kPanelVectors; ++v) {
            DECODESCOPE_UNROLL
            for (int b = 0; b < kBatch; ++b)
                hn::StoreU(sum[p][v][b], d, sums + (p * kBatch + b) * kPanelRows + v * kRowLanes);
        }
    }
}

// Inputs for Q4_0: 8-bit integers, four of them in words: for each group of sequences and each
// block of 32 columns [4 columns][sequence], then its scale and its correction [sequence]. A nibble
// is its weight plus 8, so that products are too large by 8 × Σ inputs × scale, which the
// correction takes off again.
constexpr std::int64_t kQuads = kBlockColumns / 4;
constexpr std::int64_t kNibbleInputWords = kQuads + 2;

/// The inputs of the group that starts at `sequence`.
HWY_INLINE std::int32_t* quadsOf(const Projection& p, std::int64_t sequence) {
    return reinterpret_cast<std::int32_t*>(p.scratch) +
           sequence * (p.columns / kBlockColumns) * kNibbleInputWords;
}

/// As packPairs().
HWY_INLINE void packQuads(const Projection& p, std::int64_t sequence, std::int64_t size,
                          std::int32_t* to) {
    const hn::CappedTag<float, 16> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const hn::RebindToSigned<decltype(d)> di;
    const hn::Rebind<std::int8_t, decltype(d)> bytes;
    const float* in = p.in + sequence * p.columns;
    HWY_ALIGN std::int32_t block[kNibbleInputWords];
    for (std::int64_t c = 0; c < p.columns; c += kBlockColumns, to += kNibbleInputWords * size) {
        auto most = hn::Zero(d);
        for (std::int64_t i = 0; i < kBlockColumns; i += lanes)
            most = hn::Max(most, hn::Abs(hn::LoadU(d, in + c + i)));
        const float largest = hn::GetLane(hn::MaxOfLanes(d, most));
        const auto factor = hn::Set(d, largest > 0 ? 127.0F / largest : 0.0F);
        auto total = hn::Zero(di);
        for (std::int64_t i = 0; i < kBlockColumns; i += lanes) {
            const auto rounded = hn::NearestInt(hn::Mul(hn::LoadU(d, in + c + i), factor));
            total = hn::Add(total, rounded);
            hn::StoreU(hn::DemoteTo(bytes, rounded), bytes,
                       reinterpret_cast<std::int8_t*>(block) + i);
        }
        const float scales[2] = {largest / 127.0F,
                                 -8 * (largest / 127.0F) *
                                     static_cast<float>(hn::GetLane(hn::SumOfLanes(di, total)))};
        hwy::CopyBytes<sizeof(scales)>(scales, block + kQuads);
        putWords<kNibbleInputWords>(block, size, to);
    }
}

/// As pairPanels().
template <int kPanels, int kBatch, bool kAsks, class Unit>
HWY_INLINE void quadPanels(const std::byte* panel, std::int64_t apart, const std::int32_t* in,
                           std::int64_t blocks, std::int64_t aheadBytes, float* sums) {
    constexpr int kHalf = static_cast<int>(kQuads) / 2; // low nibbles; then the high ones
    const RowFloats d;
    const RowWords words;
    const auto mask = hn::Set(words, 0x0F0F0F0F);
    hn::Vec<RowFloats> sum[kPanels][kPanelVectors][kBatch];
    DECODESCOPE_UNROLL
    for (auto& ofPanel : sum) {
        DECODESCOPE_UNROLL
        for (auto& rows : ofPanel) {
            DECODESCOPE_UNROLL
            for (auto& each : rows)
                each = hn::Zero(d);
        }
    }
    for (std::int64_t i = 0; i < blocks; ++i) {
        DECODESCOPE_UNROLL
        for (int p = 0; p < kPanels; ++p) {
            const std::byte* block = panel + p * apart;
            const auto* values = reinterpret_cast<const std::int32_t*>(block + kScalesBytes);
            const auto* scaleOf = reinterpret_cast<const float*>(in + kQuads * kBatch);
            typename Unit::Sum products[kPanelVectors][kBatch];
            DECODESCOPE_UNROLL
            for (auto& rows : products) {
                DECODESCOPE_UNROLL
                for (auto& each : rows)
                    each = Unit::zero();
            }
            DECODESCOPE_UNROLL
            for (int quad = 0; quad < kHalf; ++quad) {
                if constexpr (kAsks)
                    hwy::Prefetch(reinterpret_cast<const std::byte*>(values + quad * kPanelRows) +
                                  aheadBytes);
                DECODESCOPE_UNROLL
                for (int v = 0; v < kPanelVectors; ++v) {
                    const auto both = hn::LoadU(words, values + quad * kPanelRows + v * kRowLanes);
                    const auto low = hn::And(both, mask);
                    const auto high = hn::And(hn::ShiftRight<4>(both), mask);
                    DECODESCOPE_UNROLL
                    for (int b = 0; b < kBatch; ++b) {
                        Unit::add(products[v][b], low, in + quad * kBatch + b);
                        Unit::add(products[v][b], high, in + (kHalf + quad) * kBatch + b);
                    }
                }
            }
            DECODESCOPE_UNROLL
            for (int v = 0; v < kPanelVectors; ++v) {
                const auto scales = scalesOf(block, v);
                DECODESCOPE_UNROLL
                for (int b = 0; b < kBatch; ++b) {
                    const auto scaled =
                        hn::MulAdd(hn::ConvertTo(d, Unit::total(products[v][b])),
                                   hn::Set(d, scaleOf[b]), hn::Set(d, scaleOf[kBatch + b]));
                    sum[p][v][b] = hn::MulAdd(scaled, scales, sum[p][v][b]);
                }
            }
        }
        panel += kScalesBytes + kPanelRows * kBlockColumns / 2;
        in += kNibbleInputWords * kBatch;
    }
    DECODESCOPE_UNROLL
    for (int p = 0; p < kPanels; ++p) {
        DECODESCOPE_UNROLL
        for (int v = 0; v < kPanelVectors; ++v) {
            DECODESCOPE_UNROLL
            for (int b = 0; b < kBatch; ++b)
                hn::StoreU(sum[p][v][b], d, sums + (p * kBatch + b) * kPanelRows + v * kRowLanes);
        }
    }
}

/// Sequence by sequence for either kind of inputs.
void packIntegers(const Projection& p, std::int64_t sequence) {
    std::int64_t first = 0;
    std::int64_t size = groupOf(p.batch, kMostTogether);
    while (first + size <= sequence) {
        first += size;
        size = groupOf(p.batch - first, kMostTogether);
    }
    const bool pairs = p.type == DataType::Q8_0;
    std::int32_t* to = (pairs ? pairsOf(p, first) : quadsOf(p, first)) + sequence - first;
    if (pairs)
        packPairs(p, sequence, size, to);
    else
        packQuads(p, sequence, size, to);
    if (sequence + 1 < p.batch || sequence + 1 == first + size)
        return;
    const std::int64_t words = p.columns / kBlockColumns * (pairs ? kPairs : kNibbleInputWords);
    for (std::int64_t i = 0; i < words; ++i) // the place that no sequence has
        to[i * size + 1] = 0;
}

/// kPanels panels, the first at `row` and `apart` rows from one to the next, times all sequences of
/// a part: from the second group on they come from a cache.
template <class PairUnit, class QuadUnit, int kPanels, bool kAskAlways>
void blockPanels(const Projection& p, const ProjectionPart& part, std::int64_t row,
                 std::int64_t apart) {
    const std::int64_t blocks = p.columns / kBlockColumns;
    const auto rowBytes =
        static_cast<std::int64_t>(storedBytes(p.type, static_cast<std::uint64_t>(p.columns)));
    const auto* scaleOf = reinterpret_cast<const float*>(p.scratch);
    forGroups<kMostTogether>(
        part.sequence, part.sequenceEnd, [&](auto size, std::int64_t first) HWY_ATTR {
            constexpr bool kAsks = asksFor(size, kAskAlways);
            HWY_ALIGN float sums[kPanels * size * kPanelRows];
            const std::byte* panel = p.weights + row * rowBytes;
            if (p.type == DataType::Q8_0)
                pairPanels<kPanels, size, kAsks, PairUnit>(
                    panel, apart * rowBytes, pairsOf(p, first), blocks, part.aheadBytes, sums);
            else
                quadPanels<kPanels, size, kAsks, QuadUnit>(
                    panel, apart * rowBytes, quadsOf(p, first), blocks, part.aheadBytes, sums);
            for (int i = 0; i < kPanels; ++i)
                for (std::int64_t b = 0; b < size && first + b < part.sequenceEnd; ++b) {
                    float* ofSequence = sums + (i * size + b) * kPanelRows;
                    if (p.type == DataType::Q8_0)
                        for (std::int64_t r = 0; r < kPanelRows; ++r)
                            ofSequence[r] *= scaleOf[first + b];
                    putSums(p, row + i * apart, first + b, ofSequence);
                }
        });
}

/// Panel by panel, but for few sequences several together: two where memory is always asked for;
/// with AVX2 four for one sequence, each a stream of its own to the prefetchers. Measured on Zen 3:
/// one sequence takes 0.68 of the time of panel after panel with q8_0 and 0.70 with q4_0 (more
/// where it asks as well), two with q4_0 0.73, of which asking is a tenth.
template <class PairUnit, class QuadUnit, bool kAskAlways>
void blockPart(const Projection& p, const ProjectionPart& part) {
    const std::int64_t sequences = part.sequenceEnd - part.sequence;
    const auto together = [&](auto panels, auto asks, std::int64_t from) HWY_ATTR {
        constexpr int kPanels = decltype(panels)::value;
        constexpr bool kAsks = decltype(asks)::value;
        return panelsTogether<kPanels>(
            part, from, [&](std::int64_t row, std::int64_t apart) HWY_ATTR {
                blockPanels<PairUnit, QuadUnit, kPanels, kAsks>(p, part, row, apart);
            });
    };
    using Asks = std::integral_constant<bool, kAskAlways>;
    std::int64_t row = part.row;
    if constexpr (kReadsFourPanels)
        if (sequences == 1)
            row = together(std::integral_constant<int, 4>(), Asks(), row);
    if constexpr (kReadsFourPanels || kAskAlways)
        if (sequences <= 2)
            row = together(std::integral_constant<int, 2>(), std::true_type(), row);
    together(std::integral_constant<int, 1>(), Asks(), row);
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
