// SPDX-License-Identifier: Apache-2.0
// Products of numbers of 16 bits with a tile's int8 or nibbles, by dot products of bytes; compiled
// once for each instruction set.
#if defined(DECODESCOPE_CPU_DIGIT_PRODUCTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_DIGIT_PRODUCTS_INL_H
#undef DECODESCOPE_CPU_DIGIT_PRODUCTS_INL_H
#else
#define DECODESCOPE_CPU_DIGIT_PRODUCTS_INL_H
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <hwy/highway.h>

#include "core/cpu/integer_dot-inl.h"
#include "core/cpu/tile_products-inl.h"
#include "core/cpu/tile_rows-inl.h"
#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// Four whole numbers of 16 bits, as they go with four rows of bytes: each is 256 × high + low, and
/// a word holds four digits of a kind, the first in its lowest byte. Digits are -128 … 127, or
/// 0 … 255 where numbers and unit have no sign. A unit that takes whole numbers has the first and
/// the third in `low`, the second and the fourth in `high`, 16 bits each.
struct DigitQuad {
    std::int32_t low, high;
};
template <class Dot>
constexpr float kMostSigned = Dot::kWholeNumbers ? 32767 : 127 * 256 + 127;
constexpr float kMostUnsigned = 65535;
constexpr int kDigitsOfNumber = 2;

/// Query heads whose sums stay in registers at a time, and the vectors of sums: 24 of 32 registers
/// with AVX-512, 16 with NEON; of whole numbers half as many. What is emulated is to be small.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
constexpr int kDigitHeads = 6;
constexpr int kDigitSums = 24;
#else
constexpr int kDigitHeads = 4;
constexpr int kDigitSums = 16;
#endif
template <class Dot>
constexpr int digitHeads() {
    return std::is_same_v<Dot, EmulatedInt8Dot> ? 2 : kDigitHeads;
}

/// Vectors of columns that a number of heads takes at a time: a power of two, as rows have.
constexpr int digitWidthFor(int heads) {
    const int fit = kDigitSums / (kDigitsOfNumber * heads);
    return fit >= 8 ? 8 : fit >= 4 ? 4 : fit >= 2 ? 2 : 1;
}

/// The same where the columns are the tile's tokens, or those of a block of values.
constexpr int digitWidthFor(int heads, std::int64_t columns) {
    const int most = static_cast<int>(columns * sizeof(float)) / HWY_MAX_BYTES;
    return std::min(digitWidthFor(heads), most);
}

/// How a row of words becomes rows of quads, and how these are multiplied with a word of digits.
/// kBias has been added to each number of the row. Where kUnsignedFactors, factors have no sign.
template <class Dot, class Rows>
struct KeyQuads;

template <class Dot>
struct KeyQuads<Dot, ByteQuadRows> {
    using Unit = Dot;
    static constexpr bool kUnsignedFactors = false;
    static constexpr int kOfWord = 1;
    static constexpr std::int32_t kBias = Dot::kRowBias;
    template <int kQuad, class D>
    static HWY_INLINE hn::Vec<D> quad(D di, hn::Vec<D> words) {
        if constexpr (kBias == 0)
            return words;
        return hn::Xor(words, hn::Set(di, static_cast<std::int32_t>(0x80808080U)));
    }
    template <class V>
    static HWY_INLINE void add(V& sum, V quad, const std::int32_t* digits) {
        Dot::add(sum, quad, digits);
    }
};

template <class Dot>
struct KeyQuads<Dot, NibbleOctetRows> {
    using Unit = Dot;
    static constexpr bool kUnsignedFactors = false;
    static constexpr int kOfWord = 2;
    static constexpr std::int32_t kBias = 8;
    template <int kQuad, class D>
    static HWY_INLINE hn::Vec<D> quad(D di, hn::Vec<D> words) {
        return hn::And(hn::ShiftRight<4 * kQuad>(words), hn::Set(di, 0x0F0F0F0F));
    }
    template <class V>
    static HWY_INLINE void add(V& sum, V quad, const std::int32_t* digits) {
        Dot::add(sum, quad, digits);
    }
};

/// The same for values: a unit that multiplies unsigned with signed bytes takes weights for the
/// former and bytes as they are. Nibbles have scales of both signs, and so have their weights.
template <class Dot, class Rows>
struct ValueQuads : KeyQuads<Dot, Rows> {};

template <class Dot>
struct ValueQuads<Dot, ByteQuadRows> {
    using Unit = Dot;
    static constexpr int kOfWord = 1;
    static constexpr std::int32_t kBias = 0;
    static constexpr bool kUnsignedFactors = Dot::kRowBias != 0;
    template <int kQuad, class D>
    static HWY_INLINE hn::Vec<D> quad(D /*di*/, hn::Vec<D> words) {
        return words;
    }
    template <class V>
    static HWY_INLINE void add(V& sum, V quad, const std::int32_t* digits) {
        Dot::add(sum, hn::Set(hn::DFromV<V>(), *digits), quad);
    }
};

/// The rows of a quad for a unit of whole numbers: its first and third, and its second and fourth.
template <class V>
struct QuadHalves {
    V even, odd;
};

#if DECODESCOPE_HAS_INT16_DOT
template <class Rows, int kQuad, class D>
HWY_INLINE QuadHalves<hn::Vec<D>> halvesOf(D di, hn::Vec<D> words) {
    const hn::Repartition<std::int16_t, D> d16;
    if constexpr (std::is_same_v<Rows, NibbleOctetRows>) {
        const auto mask = hn::Set(di, 0x000F000F);
        return {hn::And(hn::ShiftRight<4 * kQuad>(words), mask),
                hn::And(hn::ShiftRight<8 + 4 * kQuad>(words), mask)};
    }
    const auto both = hn::BitCast(d16, words);
    return {hn::BitCast(di, hn::ShiftRight<8>(hn::ShiftLeft<8>(both))),
            hn::BitCast(di, hn::ShiftRight<8>(both))};
}
#endif

/// The sums of a block of heads: of low and high digits, or of whole numbers.
template <class Dot, class D, int kHeads, int kWidth>
struct DigitSums {
    using Tag = hn::RebindToSigned<D>;
    static constexpr int kHighHeads = std::max(1, Dot::kWholeNumbers ? 0 : kHeads);
    hn::Vec<Tag> low[kHeads][kWidth], high[kHighHeads][kWidth];

    /// starts[h]: what a head's numbers start from. The constructor that a compiler makes by itself
    /// is not of this instruction set.
    HWY_INLINE explicit DigitSums(const std::int32_t* starts) {
        const Tag di;
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                low[h][w] = hn::Set(di, starts[h]);
                high[h % kHighHeads][w] = hn::Zero(di);
            }
        }
    }
    [[nodiscard]] HWY_INLINE hn::Vec<D> number(D d, int h, int w) const {
        if constexpr (Dot::kWholeNumbers)
            return hn::ConvertTo(d, low[h][w]);
        return hn::ConvertTo(d, hn::Add(hn::ShiftLeft<8>(high[h % kHighHeads][w]), low[h][w]));
    }
};

/// sums[h][w] += factors[h × kStride] × a quad of rows for each vector of `words`.
template <class Quads, class Rows, int kQuad, int kHeads, int kWidth, int kStride, class D>
HWY_INLINE void
multiplyQuad(D di, const hn::Vec<D> (&words)[kWidth], const DigitQuad* factors,
             DigitSums<typename Quads::Unit, hn::RebindToFloat<D>, kHeads, kWidth>& sums) {
    using V = hn::Vec<D>;
    if constexpr (Quads::Unit::kWholeNumbers) {
        if constexpr (kHeads < kWidth) { // whichever are fewer stay in registers beside the sums
            V even[kHeads];
            V odd[kHeads];
            DECODESCOPE_UNROLL
            for (int h = 0; h < kHeads; ++h) {
                even[h] = hn::Set(di, factors[h * kStride].low);
                odd[h] = hn::Set(di, factors[h * kStride].high);
            }
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                const QuadHalves<V> rows = halvesOf<Rows, kQuad>(di, words[w]);
                DECODESCOPE_UNROLL
                for (int h = 0; h < kHeads; ++h) {
                    Quads::Unit::add(sums.low[h][w], rows.even, even[h]);
                    Quads::Unit::add(sums.low[h][w], rows.odd, odd[h]);
                }
            }
        } else {
            QuadHalves<V> rows[kWidth];
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                rows[w] = halvesOf<Rows, kQuad>(di, words[w]);
            }
            DECODESCOPE_UNROLL
            for (int h = 0; h < kHeads; ++h) {
                const V even = hn::Set(di, factors[h * kStride].low);
                DECODESCOPE_UNROLL
                for (int w = 0; w < kWidth; ++w) {
                    Quads::Unit::add(sums.low[h][w], rows[w].even, even);
                }
                const V odd = hn::Set(di, factors[h * kStride].high);
                DECODESCOPE_UNROLL
                for (int w = 0; w < kWidth; ++w) {
                    Quads::Unit::add(sums.low[h][w], rows[w].odd, odd);
                }
            }
        }
    } else {
        V row[kWidth];
        DECODESCOPE_UNROLL
        for (int w = 0; w < kWidth; ++w) {
            row[w] = Quads::template quad<kQuad>(di, words[w]);
        }
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            const DigitQuad* factor = factors + h * kStride;
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                Quads::add(sums.low[h][w], row[w], &factor->low);
            }
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                Quads::add(sums.high[h][w], row[w], &factor->high);
            }
        }
    }
}

/// sums[h][w] += Σ_r factors[r × kNext + h × kStride] × rows[4r … 4r + 3][c + w × lanes …] over
/// `steps` steps of rows.
template <class Quads, int kHeads, int kWidth, int kStride, int kNext, class D, class Rows>
HWY_INLINE void
multiplyQuads(D d, const Rows& rows, std::int64_t steps, std::int64_t c, const DigitQuad* factors,
              DigitSums<typename Quads::Unit, D, kHeads, kWidth>& sums, Ahead& ahead) {
    const hn::RebindToSigned<D> di;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const std::int64_t stepBytes = rows.stepBytes();
    const std::byte* at = rows.base;
    Ahead pace = ahead;
    for (std::int64_t s = 0; s < steps; ++s, at += stepBytes) {
        pace.advance();
        hn::Vec<decltype(di)> words[kWidth];
        DECODESCOPE_UNROLL
        for (int w = 0; w < kWidth; ++w) {
            words[w] = rows.words(d, at, c + w * lanes);
        }
        unrolled<Quads::kOfWord>([&](auto q) HWY_ATTR __attribute__((always_inline)) {
            multiplyQuad<Quads, Rows, decltype(q)::value, kHeads, kWidth, kStride>(di, words,
                                                                                   factors, sums);
            factors += kNext;
        });
    }
    ahead = pace;
}

/// The queries of a block of heads as numbers of 16 bits.
struct DigitQueries {
    const DigitQuad* quads; ///< [headDimK / 4][heads]
    /// [heads], and where keys lie in blocks [blocksOf(headDimK)][heads]: what takes the bias off.
    const std::int32_t* starts;
    const float* scales; ///< [heads]: of a number, with that of the scores
    float* weights;      ///< [heads][kRoundTokens]: the tile's scores
};

/// weights[h][t] = scales[h] × Σ_r queries[r][h] × keys[r][t].
template <class Dot, int kHeads, class Rows>
HWY_INLINE void scoreDigits(const RowMatrix<Rows>& keys, std::int64_t headDimK,
                            const DigitQueries& block, Ahead& ahead) {
    constexpr int kWidth = digitWidthFor(kHeads, kTileTokens);
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    for (std::int64_t t = 0; t < kTileTokens; t += kWidth * lanes) {
        DigitSums<Dot, FloatTag, kHeads, kWidth> sums(block.starts);
        multiplyQuads<KeyQuads<Dot, Rows>, kHeads, kWidth, 1, kHeads>(
            d, keys.rows, headDimK / Rows::kRowsOfStep, t, block.quads, sums, ahead);
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                hn::StoreU(hn::Mul(sums.number(d, h, w), hn::Set(d, block.scales[h])), d,
                           block.weights + h * kRoundTokens + t + w * lanes);
            }
        }
    }
}

/// The same for keys in blocks, whose sums have a scale for each token.
template <class Dot, int kHeads, class Rows>
HWY_INLINE void scoreDigits(const BlockMatrix<Rows>& keys, std::int64_t headDimK,
                            const DigitQueries& block, Ahead& ahead) {
    constexpr int kWidth = digitWidthFor(kHeads, kTileTokens);
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    const std::int64_t blocks = blocksOf(headDimK);
    for (std::int64_t b = 0; b < blocks; ++b)
        for (std::int64_t t = 0; t < kTileTokens; t += kWidth * lanes) {
            DigitSums<Dot, FloatTag, kHeads, kWidth> sums(block.starts + b * kHeads);
            multiplyQuads<KeyQuads<Dot, Rows>, kHeads, kWidth, 1, kHeads>(
                d, keys.rows(b), valuesOfBlock(b, headDimK) / Rows::kRowsOfStep, t,
                block.quads + b * (kBlockValues / 4) * kHeads, sums, ahead);
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                const FloatVec scale = loadFloats(d, keys.scales(b) + t + w * lanes);
                DECODESCOPE_UNROLL
                for (int h = 0; h < kHeads; ++h) {
                    float* at = block.weights + h * kRoundTokens + t + w * lanes;
                    const FloatVec before = b == 0 ? hn::Zero(d) : hn::LoadU(d, at);
                    hn::StoreU(hn::MulAdd(sums.number(d, h, w), scale, before), d, at);
                }
            }
        }
    DECODESCOPE_UNROLL
    for (int h = 0; h < kHeads; ++h) {
        const FloatVec scale = hn::Set(d, block.scales[h]);
        for (std::int64_t t = 0; t < kTileTokens; t += lanes) {
            float* at = block.weights + h * kRoundTokens + t;
            hn::StoreU(hn::Mul(hn::LoadU(d, at), scale), d, at);
        }
    }
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
