// SPDX-License-Identifier: Apache-2.0
// A round of tiles of f16 or integers by products of small matrices of bf16, into some of which
// each number is split; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_SPLIT_TILES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_SPLIT_TILES_INL_H
#undef DECODESCOPE_CPU_SPLIT_TILES_INL_H
#else
#define DECODESCOPE_CPU_SPLIT_TILES_INL_H
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <hwy/highway.h>

#include "core/cpu/attention_kernel.h"
#include "core/cpu/bf16_matrix-inl.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/matrix_tiles-inl.h"
#include "core/cpu/pair_tiles-inl.h"
#include "core/cpu/softmax-inl.h"
#include "core/cpu/tile_rows-inl.h"
#include "core/cpu/tile_work-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

constexpr bool takesParts(AttentionArithmetic unit) {
    return unit == AttentionArithmetic::SplitMatrix ||
           unit == AttentionArithmetic::SplitMatrixEmulated;
}

/// The bf16 that add up to a number: of a matrix, and of the queries and weights that go with it.
/// Products of parts that are too small to count are left out.
struct HalfParts { ///< f16: 8 bits of its significand and the 3 others, all 24 bits of queries
    static constexpr int kOfRows = 2;
    static constexpr int kOfQueries = 3;
    static constexpr int queriesWith(int part) { return kOfQueries - part; }
    static constexpr int weightsWith(int /*part*/) { return 2; }
};
struct ByteParts { ///< int8, which is a bf16 as it is; 16 bits of queries and weights
    static constexpr int kOfRows = 1;
    static constexpr int kOfQueries = 2;
    static constexpr int queriesWith(int /*part*/) { return kOfQueries; }
    static constexpr int weightsWith(int /*part*/) { return 2; }
};
struct ScaledParts { ///< 16 bits of numbers times their scales, of queries and of weights
    static constexpr int kOfRows = 2;
    static constexpr int kOfQueries = 2;
    static constexpr int queriesWith(int part) { return kOfQueries - part; }
    static constexpr int weightsWith(int part) { return 2 - part; }
};
template <class Matrix>
using PartsOf = std::conditional_t<
    Matrix::kInBlocks, ScaledParts,
    std::conditional_t<std::is_same_v<typename Matrix::Rows, ByteQuadRows>, ByteParts, HalfParts>>;

/// Products with one column of registers that a block of heads takes for a piece.
template <class Parts>
constexpr int productsOfKeys() {
    int products = 0;
    for (int part = 0; part < Parts::kOfRows; ++part)
        products += Parts::queriesWith(part);
    return products;
}
template <class Parts>
constexpr int productsOfValues(int parts = Parts::kOfRows) {
    int products = 0;
    for (int part = 0; part < parts; ++part)
        products += Parts::weightsWith(part);
    return products;
}

/// What fills both registers of rows: pairs of rows of two columns of registers, and behind them as
/// many of what bf16 dropped.
constexpr std::int64_t kPieceColumns = 2 * kMatrixWords;
constexpr std::int64_t kPieceRows = 2 * kMatrixRows;
constexpr std::int64_t kPieceStride = 4 * kPieceColumns; ///< bytes of a pair of rows
constexpr std::int64_t kPiecePartWords = kMatrixRows * kPieceColumns;
constexpr std::int64_t kPieceWords = 2 * kPiecePartWords;

/// A part of a matrix of keys, rows of head_dim × tokens, or of values, of tokens × head_dim.
/// Blocks are whole pieces. Pair p is rows kNext × p and kNext × p + kApart: keys' are neighbours,
/// as queries are packed, values' as SoftmaxSplit packs weights.
template <class MatrixType, bool kKeysOf>
struct Piece {
    using Matrix = MatrixType;
    using Rows = typename Matrix::Rows;
    using Parts = PartsOf<Matrix>;
    static constexpr bool kKeys = kKeysOf;
    static constexpr int kNext = kKeys ? 2 : 1;
    static constexpr int kApart = kKeys ? 1 : static_cast<int>(kMatrixRows);
    static constexpr int kProducts = kKeys ? productsOfKeys<Parts>() : productsOfValues<Parts>();
    static_assert(!Matrix::kInBlocks || kPieceRows == kBlockValues);

    Rows reader;          ///< of the piece's first row
    std::int64_t column;  ///< its first column
    std::int64_t rows;    ///< that are there: zeros stand for others
    std::int64_t columns; ///< that are there, a multiple of 8: others are left as they are
    const float* scales;  ///< of its tokens, where the matrix is in blocks

    [[nodiscard]] HWY_INLINE bool whole() const {
        return rows >= kPieceRows && columns >= kPieceColumns;
    }
    /// Row kRow from column `c` of the piece on.
    template <int kRow, bool kWhole, class D>
    [[nodiscard]] HWY_INLINE hn::Vec<D> row(D d, std::int64_t c) const {
        if constexpr (!kWhole) {
            if (kRow >= rows)
                return hn::Zero(d);
        }
        constexpr int kOfStep = Rows::kRowsOfStep;
        auto value = reader.template row<kRow % kOfStep>(
            d, reader.base + kRow / kOfStep * reader.stepBytes(), column + c);
        if constexpr (Rows::kBias != 0)
            value = hn::Sub(value, hn::Set(d, Rows::kBias));
        if constexpr (Matrix::kInBlocks)
            value = hn::Mul(value, kKeys ? hn::LoadU(d, scales + c) : hn::Set(d, scales[kRow]));
        return value;
    }
};

/// Columns [c, c + Lanes(d)) of pair kPair of a piece, at `to` + c of its words.
template <int kPair, bool kWhole, class Piece, class D>
HWY_INLINE void splitPair(D d, const Piece& piece, std::int64_t c, std::uint32_t* to) {
    using V = hn::Vec<D>;
    const hn::RebindToUnsigned<D> du;
    to += kPair * kPieceColumns + c;
    const V even = piece.template row<kPair * Piece::kNext, kWhole>(d, c);
    const V odd = piece.template row<kPair * Piece::kNext + Piece::kApart, kWhole>(d, c);
    if constexpr (Piece::Parts::kOfRows == 1) {
        hn::StoreU(highHalves(d, Neighbours<V>{even, odd}), du, to);
    } else {
        // What both parts leave of a number times its scale is dropped: rounding either was no more
        // exact at scores of 80, and took a fifth of the time of 32 heads.
        const auto mask = hn::BitCast(d, hn::Set(du, 0xFFFF0000U));
        const Neighbours<V> high{hn::And(even, mask), hn::And(odd, mask)};
        const Neighbours<V> low{hn::Sub(even, high.even), hn::Sub(odd, high.odd)};
        hn::StoreU(highHalves(d, high), du, to);
        hn::StoreU(highHalves(d, low), du, to + kPiecePartWords);
    }
}

/// Pair kPair of a piece that may lack rows or columns.
template <int kPair, class Piece>
HWY_NOINLINE void splitSome(const Piece& piece, std::uint32_t* to) {
    const hn::CappedTag<float, 8> d;
    for (std::int64_t c = 0; c < piece.columns; c += static_cast<std::int64_t>(hn::Lanes(d)))
        splitPair<kPair, false>(d, piece, c, to);
}

/// Splits a piece into kPieceWords of words, some pairs of rows after each product of a piece
/// before it, so that a core has work for its vectors while its matrix unit multiplies. What waits
/// for that unit keeps later work out: a whole piece between the products of two others took as
/// long as apart from them, a pair of rows between two products next to nothing (Emerald Rapids).
///
/// A step has two products for each of the piece's (Piece::kProducts), and two blocks (kTwo) twice
/// as many.
template <class Unit, class Piece, bool kTwo>
class SplitMeanwhile {
public:
    HWY_INLINE explicit SplitMeanwhile(Ahead& ahead) : m_ahead(ahead) {} ///< nothing to split
    HWY_INLINE SplitMeanwhile(Ahead& ahead, const Piece& piece, std::uint32_t* to)
        : m_ahead(ahead), m_piece(piece), m_to(to), m_left(kInline && piece.whole()) {
        if (!m_left)
            unrolled<kPairs>([&](auto pair) HWY_ATTR __attribute__((always_inline)) {
                splitSome<decltype(pair)::value>(m_piece, m_to);
            });
    }
    template <int kProduct>
    HWY_INLINE void after() const {
        m_ahead.advance();
        if (!m_left)
            return;
        unrolled<kAtOnce>([&](auto i) HWY_ATTR __attribute__((always_inline)) {
            constexpr int kPair = kProduct * kAtOnce + decltype(i)::value;
            if constexpr (kPair < kPairs)
                split<kPair>();
        });
    }
    /// With no products.
    HWY_INLINE void all() const {
        if (m_left)
            unrolled<kPairs>([&](auto pair) HWY_ATTR
                             __attribute__((always_inline)) { split<decltype(pair)::value>(); });
    }

private:
    static constexpr int kPairs = static_cast<int>(kMatrixRows);
    static constexpr int kProducts = Piece::kProducts * (kTwo ? 4 : 2);
    static constexpr int kAtOnce = (kPairs + kProducts - 1) / kProducts;
    /// Units for tests are to be small.
    static constexpr bool kInline =
        HWY_MAX_BYTES >= 64 && !std::is_same_v<Unit, EmulatedBf16Matrix>;

    template <int kPair>
    HWY_INLINE void split() const {
        if constexpr (kInline) {
            constexpr int kLanes = HWY_LANES(float);
            unrolled<static_cast<int>(kPieceColumns) / kLanes>([&](
                auto i) HWY_ATTR __attribute__((always_inline)) {
                splitPair<kPair, true>(FloatTag(), m_piece, decltype(i)::value * kLanes, m_to);
            });
        }
    }

    Ahead& m_ahead;
    Piece m_piece{};
    std::uint32_t* m_to = nullptr;
    bool m_left = false;
};

/// A tile's scales as f32.
HWY_INLINE void floatsOf(const hwy::float16_t* scales, float* to) {
    const FloatTag d;
    for (std::int64_t t = 0; t < kTileTokens; t += lanesOf())
        hn::Store(loadFloats(d, scales + t), d, to + t);
}

/// The pieces of a matrix of keys, each of kPieceRows of its rows.
template <class Matrix>
HWY_INLINE auto keyPiece(const std::byte* matrix, std::int64_t headDim, std::int64_t i,
                         float* scales) {
    const Matrix keys(matrix, kTileTokens);
    const std::int64_t rows = headDim - i * kPieceRows;
    if constexpr (Matrix::kInBlocks) {
        floatsOf(keys.scales(i), scales);
        return Piece<Matrix, true>{keys.rows(i), 0, rows, kTileTokens, scales};
    } else {
        const std::int64_t steps = i * kPieceRows / Matrix::Rows::kRowsOfStep;
        return Piece<Matrix, true>{rowsFrom(keys.rows, steps), 0, rows, kTileTokens, scales};
    }
}

/// Those of values, each of kPieceColumns of its columns. `tokens`: that are there.
template <class Matrix>
HWY_INLINE auto valuePiece(const std::byte* matrix, std::int64_t headDim, std::int64_t tokens,
                           std::int64_t i, float* scales) {
    const Matrix values(matrix, headDim);
    const std::int64_t columns = std::min(kPieceColumns, headDim - i * kPieceColumns);
    if constexpr (Matrix::kInBlocks) {
        floatsOf(values.scales(i), scales);
        return Piece<Matrix, false>{values.rows(i), 0, tokens, columns, scales};
    } else {
        return Piece<Matrix, false>{values.rows, i * kPieceColumns, tokens, columns, scales};
    }
}

/// f(std::true_type()) where heads are of two blocks, else f(std::false_type()).
template <class F>
HWY_INLINE void forOneOrTwo(const std::array<std::uint8_t, 2>& heads, const F& f) {
    if (heads[1] > 0)
        f(std::true_type());
    else
        f(std::false_type());
}

/// Where pieces lie: all of them where more than one pair of blocks multiplies them, or else the
/// one that is multiplied and the next.
class Pieces {
public:
    explicit Pieces(const RoundWork& work)
        : m_words(reinterpret_cast<std::uint32_t*>(work.scratch.tile)),
          m_keepsAll(work.blocks.count > 2) {}
    [[nodiscard]] HWY_INLINE std::uint32_t* at(std::int64_t piece) const {
        return m_words + (m_keepsAll ? piece : piece % 2) * kPieceWords;
    }

private:
    std::uint32_t* m_words;
    bool m_keepsAll;
};

template <class Unit, class Matrix>
class ScoreSplit {
public:
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t /*tokens*/,
                    float* weights) {
        Unit& unit = unitOfThread<Unit>();
        forBlockPairs(work.blocks, [&](std::int64_t first, const auto& heads) HWY_ATTR {
            unit.shape({heads, {kMatrixWords, kMatrixWords}});
            zeroSums(unit, heads[1] > 0);
            forOneOrTwo(
                heads, [&](auto two) HWY_ATTR __attribute__((always_inline)) {
                    score<decltype(two)::value>(unit, work, matrix, first, heads[0]);
                });
            storeScores(unit, heads, weights + first * kRoundTokens);
        });
    }

private:
    using Parts = PartsOf<Matrix>;

    /// `first` and `heads`: of the first block.
    template <bool kTwo>
    static HWY_INLINE void score(Unit& unit, RoundWork& work, const std::byte* matrix,
                                 std::int64_t first, std::int64_t heads) {
        using Meanwhile = SplitMeanwhile<Unit, Piece<Matrix, true>, kTwo>;
        const std::int64_t words = queryWords(work.part.headDimK);
        const std::int64_t steps = words / kMatrixWords;
        const Pieces pieces(work);
        const auto* factors =
            reinterpret_cast<const std::uint32_t*>(work.scratch.queries) + first * words;
        HWY_ALIGN float scales[kTileTokens];
        const auto splitter = [&](std::int64_t s) HWY_ATTR __attribute__((always_inline)) {
            if (first > 0 || s == steps)
                return Meanwhile(work.ahead);
            return Meanwhile(work.ahead, keyPiece<Matrix>(matrix, work.part.headDimK, s, scales),
                             pieces.at(s));
        };
        splitter(0).all();
        for (std::int64_t s = 0; s < steps; ++s, factors += kMatrixWords) {
            const Meanwhile next = splitter(s + 1);
            const std::uint32_t* rows = pieces.at(s);
            unrolled<Parts::kOfRows>([&](auto part) HWY_ATTR __attribute__((always_inline)) {
                constexpr int kPart = decltype(part)::value;
                unit.template load<rowsOf(0)>(rows + kPart * kPiecePartWords, kPieceStride);
                unit.template load<rowsOf(1)>(rows + kPart * kPiecePartWords + kMatrixWords,
                                              kPieceStride);
                unrolled<Parts::queriesWith(kPart)>([&](
                    auto q) HWY_ATTR __attribute__((always_inline)) {
                    constexpr int kQuery = decltype(q)::value;
                    constexpr int kBefore = kPart * Parts::queriesWith(0) + kQuery;
                    constexpr int kProduct = kBefore * (kTwo ? 4 : 2);
                    const std::uint32_t* at = factors + kQuery * work.part.group * words;
                    multiplyBlock<0, kProduct>(unit, at, 4 * words, true, next);
                    if constexpr (kTwo)
                        multiplyBlock<1, kProduct + 2>(unit, at + heads * words, 4 * words, true,
                                                       next);
                });
            });
        }
    }
};

/// softmaxRound() of scores that are still to be multiplied with scale × log2 e, whose weights are
/// split into two of bf16 each, together 16 bits or more. They lie as with SoftmaxPairs, but that a
/// pair is of tokens kMatrixRows apart; RoundWork::both is always set. The denominator is the sum
/// of what will be multiplied.
class SoftmaxSplit {
public:
    static void run(RoundWork& work, const AttentionState& state, std::int64_t tokens) {
        const AttentionPart& part = work.part;
        const std::int64_t slots = filledSlots(part, work.scratch, tokens);
        work.both = true;
        const float worth = part.types.key == DataType::Int8 ? kInt8Scale : 1;
        const HeadState first{work.scratch.weights, state.max,     work.scratch.denominators,
                              state.output,         part.headDimV, part.scale * kLog2E * worth};
        std::int64_t head = 0;
        if constexpr (kVectors <= 2)
            for (; head + 4 <= part.group; head += 4)
                weigh<4>(headFrom(first, head), slots);
        for (; head < part.group; ++head)
            weigh<1>(headFrom(first, head), slots);
    }

private:
    static constexpr int kVectors = static_cast<int>(kTileTokens) / HWY_LANES(float);
    static constexpr int kHalf = kVectors / 2; ///< vectors from a token to the other of its pair
    static_assert(kTileTokens == kPieceRows);

    template <int kHeads>
    static HWY_INLINE void weigh(const HeadState& heads, std::int64_t slots) {
        const FloatTag d;
        for (std::int64_t t = 0; t < slots; t += kTileTokens) {
            FloatVec x[kHeads * kVectors];
            belowMaximum<kHeads, kVectors, true>(heads, t, x, [&](int h, float factor) HWY_ATTR {
                shrinkPairs(heads.weights + h * kRoundTokens, t, factor);
            });
            exp2All<Exp2ToTwoBf16>(d, x);
            DECODESCOPE_UNROLL
            for (int h = 0; h < kHeads; ++h) {
                auto* tile = reinterpret_cast<std::uint32_t*>(heads.weights + h * kRoundTokens + t);
                auto sum = hn::LoadU(d, heads.denominators + h * lanesOf());
                DECODESCOPE_UNROLL
                for (int i = 0; i < kHalf; ++i) {
                    sum = hn::Add(sum, pack(x[h * kVectors + i], x[h * kVectors + kHalf + i],
                                            tile + i * lanesOf()));
                }
                hn::StoreU(sum, d, heads.denominators + h * lanesOf());
            }
        }
    }

    /// Returns the sum of the parts.
    static HWY_INLINE FloatVec pack(FloatVec even, FloatVec odd, std::uint32_t* to) {
        const FloatTag d;
        const hn::RebindToUnsigned<FloatTag> du;
        const Neighbours<FloatVec> high{nearestBf16(d, even), nearestBf16(d, odd)};
        const Neighbours<FloatVec> low{nearestBf16(d, hn::Sub(even, high.even)),
                                       nearestBf16(d, hn::Sub(odd, high.odd))};
        hn::StoreU(highHalves(d, high), du, to);
        hn::StoreU(highHalves(d, low), du, to + kTileTokens / 2);
        return hn::Add(hn::Add(high.even, high.odd), hn::Add(low.even, low.odd));
    }
};

template <class Unit, class Matrix>
class AddSplit {
public:
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t tokens, float* weights) {
        Unit& unit = unitOfThread<Unit>();
        forBlockPairs(work.blocks, [&](std::int64_t first, const auto& heads) HWY_ATTR {
            const auto* factors =
                reinterpret_cast<const std::uint32_t*>(weights + first * kRoundTokens);
            forOneOrTwo(
                heads, [&](auto two) HWY_ATTR __attribute__((always_inline)) {
                    add<decltype(two)::value>(unit, work, matrix, tokens, first, heads, factors);
                });
        });
    }

private:
    using Parts = PartsOf<Matrix>;

    template <bool kTwo>
    static HWY_INLINE void add(Unit& unit, RoundWork& work, const std::byte* matrix,
                               std::int64_t tokens, std::int64_t first,
                               const std::array<std::uint8_t, 2>& heads,
                               const std::uint32_t* factors) {
        using Meanwhile = SplitMeanwhile<Unit, Piece<Matrix, false>, kTwo>;
        const std::int64_t headDimV = work.part.headDimV;
        const std::int64_t tiles = (tokens + kTileTokens - 1) / kTileTokens;
        const std::int64_t columns = (headDimV + kPieceColumns - 1) / kPieceColumns;
        const Pieces pieces(work);
        HWY_ALIGN float scales[kTileTokens];
        // Of each tile the first columns, then of each the next ones.
        const auto splitter = [&](std::int64_t i, std::int64_t tile) HWY_ATTR
            __attribute__((always_inline)) {
            if (first > 0 || i == columns)
                return Meanwhile(work.ahead);
            return Meanwhile(work.ahead,
                             valuePiece<Matrix>(matrix + tile * work.tileBytes, headDimV,
                                                tokens - tile * kTileTokens, i, scales),
                             pieces.at(i * tiles + tile));
        };
        splitter(0, 0).all();
        for (std::int64_t i = 0; i < columns; ++i) {
            const MatrixShapes shapes = columnShapes(heads, headDimV - i * kPieceColumns);
            unit.shape(shapes);
            float* output = work.output + first * headDimV + i * kPieceColumns;
            forSums<false>(unit, shapes, output, headDimV);
            for (std::int64_t tile = 0; tile < tiles; ++tile) {
                const Meanwhile next =
                    tile + 1 < tiles ? splitter(i, tile + 1) : splitter(i + 1, 0);
                const std::uint32_t* rows = pieces.at(i * tiles + tile);
                unrolled<Parts::kOfRows>([&](auto part) HWY_ATTR __attribute__((always_inline)) {
                    constexpr int kPart = decltype(part)::value;
                    constexpr int kProduct = productsOfValues<Parts>(kPart) * (kTwo ? 4 : 2);
                    addTile<kProduct>(unit, shapes, rows + kPart * kPiecePartWords, kPieceStride,
                                      factors + tile * kTileTokens, Parts::weightsWith(kPart) == 2,
                                      next);
                });
            }
            forSums<true>(unit, shapes, output, headDimV);
        }
    }
};

/// f.operator()<Matrix>() of a cache of f16, int8, q8_0 or q4_0.
template <class F>
auto withSplitMatrix(DataType type, const F& f) {
    switch (type) {
    case DataType::F16:
        return f.template operator()<RowMatrix<PlainRows<hwy::float16_t>>>();
    case DataType::Int8:
        return f.template operator()<RowMatrix<ByteQuadRows>>();
    case DataType::Q8_0:
        return f.template operator()<BlockMatrix<ByteQuadRows>>();
    default:
        return f.template operator()<BlockMatrix<NibbleOctetRows>>();
    }
}

/// Bytes of the next tile to ask for with each product.
inline std::int64_t splitAheadStep(const AttentionPart& part, const Blocks& blocks,
                                   std::int64_t tileBytes) {
    const std::int64_t ofKeys = withSplitMatrix(
        part.types.key, []<class Matrix>() { return Piece<Matrix, true>::kProducts; });
    const std::int64_t ofValues = withSplitMatrix(
        part.types.value, []<class Matrix>() { return Piece<Matrix, false>::kProducts; });
    return productAheadStep(part, blocks, tileBytes, 2 * ofKeys, 2 * ofValues);
}

/// Precondition: f16, int8, q8_0 or q4_0.
template <class Unit>
TileKernels splitMatrixKernels(const KvTypes& types) {
    TileKernels kernels{.softmax = SoftmaxSplit::run,
                        .release = [] { unitOfThread<Unit>().release(); }};
    withSplitMatrix(types.key, [&kernels]<class Matrix>() {
        kernels.pack = packQueryRows<PartsOf<Matrix>::kOfQueries>;
        kernels.score = ScoreSplit<Unit, Matrix>::run;
    });
    withSplitMatrix(types.value, [&kernels]<class Matrix>() {
        kernels.addValues = AddSplit<Unit, Matrix>::run;
    });
    return kernels;
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
