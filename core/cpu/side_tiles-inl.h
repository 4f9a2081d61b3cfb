// SPDX-License-Identifier: Apache-2.0
// A round of tiles of several places, for few heads of 16-bit or f32 caches: what a core waits for
// are lines of memory, and of several places in turn more are on their way. Compiled once for each
// instruction set.
#if defined(DECODESCOPE_CPU_SIDE_TILES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_SIDE_TILES_INL_H
#undef DECODESCOPE_CPU_SIDE_TILES_INL_H
#else
#define DECODESCOPE_CPU_SIDE_TILES_INL_H
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/cpu/ahead-inl.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/row_groups-inl.h"
#include "core/cpu/row_products-inl.h"
#include "core/cpu/tile_products-inl.h"
#include "core/cpu/tile_rows-inl.h"
#include "core/cpu/tile_work-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// The keys of whole tiles, one of each place, that lie `apart` bytes from each to the next: few
/// heads, who have time to spare, take a chunk of each in turn.
template <class Rows>
struct SideKeys {
    const Rows& keys;
    std::int64_t apart, headDimK;
    BlockQueries<F32Products> block;
    Ahead& ahead;
    template <int kHeads>
    HWY_INLINE void run() const {
        const std::int64_t steps = headDimK / Rows::kRowsOfStep;
        const std::int64_t chunk = keepsFactors(kHeads) ? chunkSteps(keys, ahead) : steps;
        for (std::int64_t s = 0; s < steps; s += chunk)
            for (std::int64_t p = 0; p < Ahead::kPlaces; ++p) {
                Rows rows = keys;
                rows.base += p * apart;
                BlockQueries<F32Products> ofTile = block;
                ofTile.weights += p * kTileTokens;
                scoreSteps<F32Products, kHeads, keyWidthFor(kHeads)>(
                    rows, s, std::min(chunk, steps - s), ofTile, ahead);
            }
    }
};

/// Their values. What more heads read was asked for while the keys were read, so that longer sweeps
/// are worth more than the order of memory.
template <class Rows>
struct SideValues {
    const Rows& values;
    std::int64_t apart, headDimV;
    const float* weights;
    float* output;
    Ahead& ahead;
    template <int kHeads>
    HWY_INLINE void run() const {
        withColumns(
            headDimV, [&](std::int64_t columns) HWY_ATTR __attribute__((always_inline)) {
                Rows rows = values;
                rows.columns = columns;
                if constexpr (keepsFactors(kHeads))
                    addSideBySide<kHeads>(rows, apart, columns, weights, output, ahead);
                else
                    addAllColumns<F32Products, kHeads, widthFor(kHeads)>(
                        RoundRows<Rows>{rows, apart}, 0, columns, Ahead::kPlaces * kTileTokens,
                        weights, nullptr, output, columns, ahead);
            });
    }
};

/// Whether the matrix of a type of cache can be read side by side.
template <class Matrix>
constexpr bool readsInPairs() {
    return kReadsSideBySide && !Matrix::kInBlocks && Matrix::Rows::kRowsOfStep == 2;
}

/// As ScoreKeys and AddValues: the round's tiles are the places', the first of them at `matrix` and
/// RoundWork::tileBytes from each to the next.
template <class Matrix>
struct ScoreSides {
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t /*tokens*/,
                    float* weights) {
        if constexpr (readsInPairs<Matrix>()) {
            const Matrix keys(matrix, kTileTokens);
            forHeads<kBlockHeads>(
                work.part.group,
                SideKeys<typename Matrix::Rows>{
                    keys.rows, work.tileBytes, work.part.headDimK,
                    BlockQueries<F32Products>{work.scratch.queries, nullptr, weights}, work.ahead});
        }
    }
};

template <class Matrix>
struct AddSides {
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t /*tokens*/,
                    float* weights) {
        if constexpr (readsInPairs<Matrix>()) {
            const Matrix values(matrix, work.part.headDimV);
            forHeads<kBlockHeads>(work.part.group,
                                  SideValues<typename Matrix::Rows>{values.rows, work.tileBytes,
                                                                    work.part.headDimV, weights,
                                                                    work.output, work.ahead});
        }
    }
};

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
