// SPDX-License-Identifier: Apache-2.0
// A tile converted to f32, where several blocks of heads share it; compiled once for each
// instruction set.
#if defined(DECODESCOPE_CPU_TILE_FLOATS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_TILE_FLOATS_INL_H
#undef DECODESCOPE_CPU_TILE_FLOATS_INL_H
#else
#define DECODESCOPE_CPU_TILE_FLOATS_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include <hwy/highway.h>

#include "core/cpu/kv_cache.h"
#include "core/cpu/tile_products-inl.h"
#include "core/cpu/tile_rows-inl.h"
#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// A tile's matrix as f32 in rows: keys with a scale a column, values with a scale a row.
template <class Rows>
HWY_INLINE void toFloats(const Rows& from, std::int64_t rows, std::int64_t columns, float* to) {
    withVectorsOf(
        columns, [&](auto d) HWY_ATTR __attribute__((always_inline)) {
            const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
            const std::byte* at = from.base;
            float* row = to;
            for (std::int64_t s = 0; s < rows / Rows::kRowsOfStep; ++s, at += from.stepBytes())
                unrolled<Rows::kRowsOfStep>([&](auto r) HWY_ATTR __attribute__((always_inline)) {
                    for (std::int64_t c = 0; c < columns; c += lanes)
                        hn::StoreU(from.template row<decltype(r)::value>(d, at, c), d, row + c);
                    row += columns;
                });
        });
}

template <class Rows>
HWY_INLINE void keysToFloats(const RowMatrix<Rows>& keys, std::int64_t headDim, float* to) {
    toFloats(keys.rows, headDim, kTileTokens, to);
}

template <class Rows>
HWY_INLINE void keysToFloats(const BlockMatrix<Rows>& keys, std::int64_t headDim, float* to) {
    const FloatTag d;
    const auto bias = hn::Set(d, Rows::kBias);
    for (std::int64_t b = 0; b < blocksOf(headDim); ++b, to += kBlockValues * kTileTokens)
        for (std::int64_t t = 0; t < kTileTokens; t += lanesOf()) {
            const auto scale = loadFloats(d, keys.scales(b) + t);
            const Rows rows = keys.rows(b);
            const std::byte* at = rows.base;
            float* row = to + t;
            for (std::int64_t s = 0; s < valuesOfBlock(b, headDim) / Rows::kRowsOfStep; ++s) {
                unrolled<Rows::kRowsOfStep>([&](auto r) HWY_ATTR __attribute__((always_inline)) {
                    const auto value = rows.template row<decltype(r)::value>(d, at, t);
                    hn::StoreU(hn::Mul(hn::Sub(value, bias), scale), d, row);
                    row += kTileTokens;
                });
                at += rows.stepBytes();
            }
        }
}

template <class Rows>
HWY_INLINE void valuesToFloats(const RowMatrix<Rows>& values, std::int64_t headDim, float* to) {
    toFloats(values.rows, kTileTokens, headDim, to);
}

template <class Rows>
HWY_INLINE void valuesToFloats(const BlockMatrix<Rows>& values, std::int64_t headDim, float* to) {
    const hn::CappedTag<float, 8> d; // divides any block of head_dim
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const auto bias = hn::Set(d, Rows::kBias);
    HWY_ALIGN float scales[kTileTokens];
    for (std::int64_t b = 0; b < blocksOf(headDim); ++b, to += kBlockValues) {
        for (std::int64_t t = 0; t < kTileTokens; t += lanes)
            hn::Store(loadFloats(d, values.scales(b) + t), d, scales + t);
        const Rows rows = values.rows(b);
        const std::byte* at = rows.base;
        for (std::int64_t t = 0; t < kTileTokens; t += Rows::kRowsOfStep, at += rows.stepBytes())
            unrolled<Rows::kRowsOfStep>([&](auto r) HWY_ATTR __attribute__((always_inline)) {
                constexpr int kRow = decltype(r)::value;
                const auto scale = hn::Set(d, scales[t + kRow]);
                float* row = to + (t + kRow) * headDim;
                for (std::int64_t c = 0; c < valuesOfBlock(b, headDim); c += lanes) {
                    const auto value = rows.template row<kRow>(d, at, c);
                    hn::StoreU(hn::Mul(hn::Sub(value, bias), scale), d, row + c);
                }
            });
    }
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
