// SPDX-License-Identifier: Apache-2.0
// Values of few heads, whose factors stay in registers; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_ROW_GROUPS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_ROW_GROUPS_INL_H
#undef DECODESCOPE_CPU_ROW_GROUPS_INL_H
#else
#define DECODESCOPE_CPU_ROW_GROUPS_INL_H
#endif

#include <cstdint>
#include <type_traits>

#include <hwy/highway.h>

#include "core/cpu/ahead-inl.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/row_products-inl.h"
#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// Rows of values that are added together: kCountOf of them in pairs, or where kRowOf is not below
/// zero that row of each of so many pairs. Factors lie kFactorsOf from one pair to the next.
template <class RowsType, int kCountOf, int kFactorsOf, int kRowOf = -1>
struct RowGroup {
    static constexpr int kCount = kCountOf;
    RowsType rows;          ///< of the first pair
    std::int64_t pairBytes; ///< from one pair to the next
    const float* factors; ///< of the first pair and head; a head's lie kRoundTokens after another's
    template <int kIndex, class D>
    [[nodiscard]] HWY_INLINE hn::Vec<D> row(D d, std::int64_t c) const {
        constexpr int kPair = kRowOf < 0 ? kIndex / 2 : kIndex;
        constexpr int kRow = kRowOf < 0 ? kIndex % 2 : kRowOf;
        return rows.template row<kRow>(d, rows.base + kPair * pairBytes, c);
    }
    template <int kIndex>
    [[nodiscard]] HWY_INLINE const float* factor(int head) const {
        constexpr int kPair = kRowOf < 0 ? kIndex / 2 : kIndex;
        constexpr int kRow = kRowOf < 0 ? kIndex % 2 : kRowOf;
        return factors + head * kRoundTokens + kPair * kFactorsOf + kRow;
    }
};

/// Few heads keep the factors of a group of rows in registers, where a core has half of those that
/// would hold sums of a whole row: memory is then read in one sweep as well.
constexpr bool keepsFactors(int heads) {
    return kReadsSideBySide && heads <= 2;
}
/// Rows of a group.
constexpr int groupRows(int heads) {
    return 8 / heads;
}

/// output[h][0 .. headDimV) += Σ_i factors[h][i] × row i of a group.
template <int kHeads, class Group>
HWY_INLINE void addGroup(const Group& group, std::int64_t headDimV, float* output, Ahead& pace) {
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    FloatVec factors[kHeads][Group::kCount];
    DECODESCOPE_UNROLL
    for (int h = 0; h < kHeads; ++h) {
        unrolled<Group::kCount>([&](auto i) HWY_ATTR __attribute__((always_inline)) {
            constexpr int kIndex = decltype(i)::value;
            factors[h][kIndex] = inRegister(hn::Set(d, *group.template factor<kIndex>(h)));
        });
    }
    const auto addColumn = [&](std::int64_t c) HWY_ATTR __attribute__((always_inline)) {
        FloatVec sum[kHeads];
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            sum[h] = hn::LoadU(d, output + h * headDimV + c);
        }
        unrolled<Group::kCount>([&](auto i) HWY_ATTR __attribute__((always_inline)) {
            constexpr int kIndex = decltype(i)::value;
            const auto row = group.template row<kIndex>(d, c);
            DECODESCOPE_UNROLL
            for (int h = 0; h < kHeads; ++h) {
                multiplyAdd(sum[h], factors[h][kIndex], row);
            }
        });
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            hn::StoreU(sum[h], d, output + h * headDimV + c);
        }
    };
    std::int64_t c = 0;
    const auto sweep = [&](auto width) HWY_ATTR __attribute__((always_inline)) {
        constexpr int kWidth = decltype(width)::value;
        for (; c + kWidth * lanes <= headDimV; c += kWidth * lanes) {
            pace.advance<Group::kCount / 2>();
            unrolled<kWidth>([&](auto i) HWY_ATTR __attribute__((always_inline)) {
                addColumn(c + decltype(i)::value * lanes);
            });
        }
    };
    constexpr int kWidth = widthFor(kHeads); // and narrower ones: aheadStep() counts these sweeps
    static_assert(kWidth == 4);
    sweep(std::integral_constant<int, kWidth>());
    sweep(std::integral_constant<int, narrower(kWidth)>());
    sweep(std::integral_constant<int, 1>());
}

/// A tile's first rows in groups of neighbours. Returns how many.
template <int kHeads, class Rows>
HWY_INLINE std::int64_t addGroups(const Rows& rows, std::int64_t headDimV, std::int64_t tokens,
                                  const float* weights, float* output, Ahead& ahead) {
    static_assert(Rows::kRowsOfStep == 2);
    constexpr int kCount = groupRows(kHeads);
    Ahead pace = ahead;
    std::int64_t t = 0;
    for (; t + kCount <= tokens; t += kCount)
        addGroup<kHeads>(
            RowGroup<Rows, kCount, 2>{rowsFrom(rows, t / 2), rows.stepBytes(), weights + t},
            headDimV, output, pace);
    ahead = pace;
    return t;
}

/// The values of whole tiles, one of each place, that lie `apart` bytes from each to the next.
template <int kHeads, class Rows>
HWY_INLINE void addSideBySide(Rows rows, std::int64_t apart, std::int64_t headDimV,
                              const float* weights, float* output, Ahead& ahead) {
    static_assert(Rows::kRowsOfStep == 2);
    Ahead pace = ahead;
    for (std::int64_t t = 0; t < kTileTokens; t += 2, rows = rowsFrom(rows, 1), weights += 2) {
        if constexpr (groupRows(kHeads) == 2 * Ahead::kPlaces) {
            addGroup<kHeads>(RowGroup<Rows, 2 * Ahead::kPlaces, kTileTokens>{rows, apart, weights},
                             headDimV, output, pace);
        } else {
            addGroup<kHeads>(RowGroup<Rows, Ahead::kPlaces, kTileTokens, 0>{rows, apart, weights},
                             headDimV, output, pace);
            addGroup<kHeads>(RowGroup<Rows, Ahead::kPlaces, kTileTokens, 1>{rows, apart, weights},
                             headDimV, output, pace);
        }
    }
    ahead = pace;
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
