// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>

#include "core/cpu/reading_habits.h"
#include "core/cpu/roof_kernels.h"
#include "core/cpu/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/fed_loop.cpp"
#include <hwy/foreach_target.h>

#include "core/cpu/tile_products-inl.h"
#include "core/cpu/tile_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// Scores of kHeads heads for one tile, over and over.
template <int kHeads>
double multiplyFed(std::int64_t rounds, float seed, float& sink) {
    constexpr std::int64_t kRows = 128;
    HWY_ALIGN std::uint16_t keys[kRows * kTileTokens];
    HWY_ALIGN float queries[kRows * kHeads];
    HWY_ALIGN float scores[kHeads * kRoundTokens] = {};
    std::fill(std::begin(keys), std::end(keys), std::uint16_t{0x3C00}); // 1
    std::fill(std::begin(queries), std::end(queries), seed);
    const PlainRows<hwy::float16_t> rows{reinterpret_cast<const std::byte*>(keys), kTileTokens};
    Ahead nothing; // is asked for, and a sweep passes over the whole tile
    nothing.chunkBytes = sizeof(keys);
    for (std::int64_t r = 0; r < rounds; ++r)
        scoreRows<F32Products, kHeads, keyWidthFor(kHeads)>(
            rows, kRows, BlockQueries<F32Products>{queries, nullptr, scores}, nothing);
    sink = std::accumulate(std::begin(scores), std::end(scores), 0.0F);
    return 2.0 * static_cast<double>(rounds * kRows * kTileTokens * kHeads);
}

double multiplyFedOfFour(std::int64_t rounds, float seed, float& sink) {
    return multiplyFed<4>(rounds, seed, sink);
}

/// Of as many heads as one block has at most.
double multiplyFedOfMany(std::int64_t rounds, float seed, float& sink) {
    constexpr bool kWide = HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3;
    if constexpr (kWide) {
        if (readingHabits(kWide).wideBlocks)
            return multiplyFed<kWideBlockHeads>(rounds, seed, sink);
    }
    return multiplyFed<kBlockHeads>(rounds, seed, sink);
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace decodescope {
namespace {

HWY_EXPORT(multiplyFedOfFour);
HWY_EXPORT(multiplyFedOfMany);

} // namespace

PeakLoop f16FedLoop(std::int64_t group) {
    constexpr std::int64_t kMany = 6;
    if (group < kMany)
        return [](std::int64_t rounds, float seed, float& sink) {
            return HWY_DYNAMIC_DISPATCH(multiplyFedOfFour)(rounds, seed, sink);
        };
    return [](std::int64_t rounds, float seed, float& sink) {
        return HWY_DYNAMIC_DISPATCH(multiplyFedOfMany)(rounds, seed, sink);
    };
}

} // namespace decodescope
#endif
