// SPDX-License-Identifier: Apache-2.0
// Rows of Q8_0 and Q4_0 weights times inputs of 16-bit integers; compiled once for each instruction
// set.
#if defined(DECODESCOPE_CPU_PROJECTION_BLOCKS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_PROJECTION_BLOCKS_INL_H
#undef DECODESCOPE_CPU_PROJECTION_BLOCKS_INL_H
#else
#define DECODESCOPE_CPU_PROJECTION_BLOCKS_INL_H
#endif

#include <hwy/cache_control.h>

#include "core/cpu/projection_kernel.h"
#include "core/cpu/projection_part.h"
#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

constexpr std::int64_t kBlockColumns = 32;

/// A vector of 16 elements where the CPU has one, so that a block is two of them.
using Words = hn::CappedTag<std::int16_t, 16>;
constexpr int kBlockVectors = static_cast<int>(kBlockColumns / hn::MaxLanes(Words()));
using Sums = hn::RepartitionToWide<Words>;
using SumFloats = hn::RebindToFloat<Sums>;

/// An f16 scale, the first two bytes of a block, in all lanes.
HWY_INLINE hn::Vec<SumFloats> scaleOf(const std::byte* block) {
    const SumFloats d;
    const hn::Rebind<std::uint16_t, SumFloats> bits;
    std::uint16_t scale = 0;
    hwy::CopyBytes<sizeof(scale)>(block, &scale);
    return hn::PromoteTo(
        d, hn::BitCast(hn::Rebind<hwy::float16_t, SumFloats>(), hn::Set(bits, scale)));
}

/// f16 scale, 32 × int8.
struct Q8Block {
    static constexpr std::int64_t kBytes = 34;
    HWY_INLINE static void decode(const std::byte* block, hn::Vec<Words>* out) {
        const Words d;
        const auto* values = reinterpret_cast<const std::int8_t*>(block + 2);
        for (int v = 0; v < kBlockVectors; ++v)
            out[v] =
                hn::PromoteTo(d, hn::LoadU(hn::Rebind<std::int8_t, Words>(),
                                           values + static_cast<std::size_t>(v) * hn::Lanes(d)));
    }
};

/// f16 scale, 16 bytes: elements 0…15 in their low halves, 16…31 in the high ones, each plus 8.
struct Q4Block {
    static constexpr std::int64_t kBytes = 18;
    HWY_INLINE static void decode(const std::byte* block, hn::Vec<Words>* out) {
        const Words d;
        const auto* values = reinterpret_cast<const std::uint8_t*>(block + 2);
        constexpr int kHalf = kBlockVectors / 2;
        for (int v = 0; v < kHalf; ++v) {
            const auto both =
                hn::PromoteTo(d, hn::LoadU(hn::Rebind<std::uint8_t, Words>(),
                                           values + static_cast<std::size_t>(v) * hn::Lanes(d)));
            out[v] =
                hn::Sub(hn::And(both, hn::Set(d, std::int16_t{15})), hn::Set(d, std::int16_t{8}));
            out[kHalf + v] = hn::Sub(hn::ShiftRight<4>(both), hn::Set(d, std::int16_t{8}));
        }
    }
};

/// The inputs of a batch as 16-bit integers: [sequence][wordStride()], then a scale for each
/// sequence.
struct PackedWords {
    std::int16_t* values;
    float* scales;
};

HWY_INLINE PackedWords packedWords(const Projection& p) {
    auto* values = reinterpret_cast<std::int16_t*>(p.scratch);
    return {values, reinterpret_cast<float*>(values + p.batch * wordStride(p.columns))};
}

HWY_INLINE void packWords(const Projection& p, std::int64_t sequence) {
    const hn::CappedTag<float, 16> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d)); // 32 is a multiple
    const float* in = p.in + sequence * p.columns;
    auto most = hn::Zero(d);
    for (std::int64_t c = 0; c < p.columns; c += lanes)
        most = hn::Max(most, hn::Abs(hn::LoadU(d, in + c)));
    const float largest = hn::GetLane(hn::MaxOfLanes(d, most));
    const auto factor = hn::Set(d, largest > 0 ? 32767.0F / largest : 0.0F);
    const PackedWords packed = packedWords(p);
    std::int16_t* to = packed.values + sequence * wordStride(p.columns);
    const hn::Rebind<std::int16_t, decltype(d)> words;
    for (std::int64_t c = 0; c < p.columns; c += lanes)
        hn::StoreU(hn::DemoteTo(words, hn::NearestInt(hn::Mul(hn::LoadU(d, in + c), factor))),
                   words, to + c);
    packed.scales[sequence] = largest / 32767.0F;
}

/// As kFewRows of float weights.
constexpr int kFewBlockRows = HWY_MAX_BYTES >= 64 ? 6 : 4;

/// As floatTile(): rows that lie far apart, each a stream of its own.
template <int kRows, int kBatch, typename Block>
HWY_INLINE void blockTile(const Projection& p, std::int64_t row, std::int64_t stride,
                          std::int64_t first) {
    constexpr std::int64_t kAhead = 1024; ///< bytes; the prefetcher alone reaches nine tenths
    const Words words;
    const Sums sums;
    const SumFloats d;
    const std::int64_t blocks = p.columns / kBlockColumns;
    const std::byte* weights = p.weights + row * blocks * Block::kBytes;
    const std::int64_t apart = stride * blocks * Block::kBytes;
    const PackedWords packed = packedWords(p);
    const std::int64_t inStride = wordStride(p.columns);
    const std::int16_t* in = packed.values + first * inStride;
    hn::Vec<SumFloats> sum[kRows][kBatch];
    for (auto& ofRow : sum)
        for (auto& ofSequence : ofRow)
            ofSequence = hn::Zero(d);
    for (std::int64_t i = 0; i < blocks; ++i)
        for (int r = 0; r < kRows; ++r) {
            const std::byte* block = weights + r * apart + i * Block::kBytes;
            hwy::Prefetch(block + kAhead);
            hn::Vec<Words> w[kBlockVectors];
            Block::decode(block, w);
            const auto scale = scaleOf(block);
            for (int b = 0; b < kBatch; ++b) {
                const std::int16_t* x = in + b * inStride + i * kBlockColumns;
                auto even = hn::Zero(sums);
                auto odd = hn::Zero(sums);
                for (int v = 0; v < kBlockVectors; ++v)
                    even = hn::ReorderWidenMulAccumulate(
                        sums, w[v],
                        hn::LoadU(words, x + static_cast<std::size_t>(v) * hn::Lanes(words)), even,
                        odd);
                sum[r][b] = hn::MulAdd(hn::ConvertTo(d, hn::Add(even, odd)), scale, sum[r][b]);
            }
        }
    for (int r = 0; r < kRows; ++r)
        for (int b = 0; b < kBatch; ++b)
            putSum(p, row + r * stride, first + b,
                   hn::GetLane(hn::SumOfLanes(d, sum[r][b])) * packed.scales[first + b]);
}

template <int kRows, int kBatch, typename Block>
void blockTiles(const Projection& p, const ProjectionPart& part, std::int64_t first) {
    const std::int64_t stride = (part.rowEnd - part.row) / kRows;
    for (std::int64_t i = 0; i < stride; ++i)
        blockTile<kRows, kBatch, Block>(p, part.row + i, stride, first);
    for (std::int64_t row = part.row + kRows * stride; row < part.rowEnd; ++row)
        blockTile<1, kBatch, Block>(p, row, 0, first);
}

/// One row for all sequences of the part, eight at a time: it stays in the first-level cache.
template <typename Block>
void blockRowsOfMany(const Projection& p, const ProjectionPart& part) {
    for (std::int64_t row = part.row; row < part.rowEnd; ++row) {
        std::int64_t s = part.sequence;
        for (; s + 8 <= part.sequenceEnd; s += 8)
            blockTile<1, 8, Block>(p, row, 0, s);
        for (; s + 4 <= part.sequenceEnd; s += 4)
            blockTile<1, 4, Block>(p, row, 0, s);
        for (; s < part.sequenceEnd; ++s)
            blockTile<1, 1, Block>(p, row, 0, s);
    }
}

template <typename Block>
void blockRows(const Projection& p, const ProjectionPart& part) {
    const std::int64_t sequences = part.sequenceEnd - part.sequence;
    if (sequences == 1)
        blockTiles<kFewBlockRows, 1, Block>(p, part, part.sequence);
    else if (sequences == 2)
        blockTiles<4, 2, Block>(p, part, part.sequence);
    else
        blockRowsOfMany<Block>(p, part);
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
