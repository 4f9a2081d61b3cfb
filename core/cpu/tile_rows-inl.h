// SPDX-License-Identifier: Apache-2.0
// Shared by the kernels; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_TILE_ROWS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_TILE_ROWS_INL_H
#undef DECODESCOPE_CPU_TILE_ROWS_INL_H
#else
#define DECODESCOPE_CPU_TILE_ROWS_INL_H
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <hwy/highway.h>

#include "core/cpu/kv_cache.h"
#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Readers of a matrix in memory, rows × columns. Rows come in steps of kRowsOfStep, since some
/// formats keep several in one word. `at` points to the first of a step, stepBytes() before the
/// next, and row<r>(d, at, c) is its row r at columns [c, c + Lanes(d)) as f32. kBias is to be
/// taken off each value. Where kAnyBytes is true, all that memory may hold is a finite number.

/// Row after row: float or hwy::float16_t.
template <typename T>
struct PlainRows {
    static constexpr int kRowsOfStep = 2;
    static constexpr float kBias = 0;
    static constexpr bool kAnyBytes = false;
    const std::byte* base;
    std::int64_t columns;
    [[nodiscard]] HWY_INLINE std::int64_t stepBytes() const {
        return 2 * columns * static_cast<std::int64_t>(sizeof(T));
    }
    template <int kRow, class D>
    HWY_INLINE hn::Vec<D> row(D d, const std::byte* at, std::int64_t c) const {
        return loadFloats(d, reinterpret_cast<const T*>(at) + kRow * columns + c);
    }
};

/// bfloat16, the even row in the low half of a 32-bit word: one operation makes either an f32, and
/// dot-product instructions take the words as they are.
struct Bf16PairRows {
    static constexpr int kRowsOfStep = 2;
    static constexpr float kBias = 0;
    static constexpr bool kAnyBytes = false;
    const std::byte* base;
    std::int64_t columns;
    [[nodiscard]] HWY_INLINE std::int64_t stepBytes() const { return 4 * columns; }
    template <int kRow, class D>
    HWY_INLINE hn::Vec<D> row(D d, const std::byte* at, std::int64_t c) const {
        if constexpr (kRow == 0)
            return hn::BitCast(d, hn::ShiftLeft<16>(both(d, at, c)));
        const hn::RebindToUnsigned<D> du;
        return hn::BitCast(d, hn::And(both(d, at, c), hn::Set(du, 0xFFFF0000U)));
    }
    /// Both rows as they are, a word a column.
    template <class D>
    HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> both(D, const std::byte* at, std::int64_t c) const {
        return hn::LoadU(hn::RebindToUnsigned<D>(), reinterpret_cast<const std::uint32_t*>(at) + c);
    }
    /// The same with zeros for the odd row.
    template <class D>
    HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> evenAlone(D d, const std::byte* at,
                                                          std::int64_t c) const {
        return hn::And(both(d, at, c), hn::Set(hn::RebindToUnsigned<D>(), 0xFFFFU));
    }
};

/// What the formats of whole numbers share: a step of rows is a row of 32-bit words.
struct WordRows {
    static constexpr bool kAnyBytes = true;
    const std::byte* base;
    std::int64_t columns;
    [[nodiscard]] HWY_INLINE std::int64_t stepBytes() const { return 4 * columns; }
    template <class D>
    HWY_INLINE hn::Vec<hn::RebindToSigned<D>> words(D, const std::byte* at, std::int64_t c) const {
        return hn::LoadU(hn::RebindToSigned<D>(), reinterpret_cast<const std::int32_t*>(at) + c);
    }
};

/// int8, four rows in a word, the first in its lowest byte.
struct ByteQuadRows : WordRows {
    static constexpr int kRowsOfStep = 4;
    static constexpr float kBias = 0;
    template <int kRow, class D>
    HWY_INLINE hn::Vec<D> row(D d, const std::byte* at, std::int64_t c) const {
        const auto raised = hn::ShiftLeft<24 - 8 * kRow>(words(d, at, c));
        return hn::ConvertTo(d, hn::ShiftRight<24>(raised));
    }
};

/// Four-bit numbers 0 … 15, 8 for zero; eight rows in a word, the first four in the low halves of
/// its bytes.
struct NibbleOctetRows : WordRows {
    static constexpr int kRowsOfStep = 8;
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
    static constexpr float kBias = 0; ///< taken off already
#else
    static constexpr float kBias = 8;
#endif
    template <int kRow, class D>
    HWY_INLINE hn::Vec<D> row(D d, const std::byte* at, std::int64_t c) const {
        const auto lowered = hn::ShiftRight<kRow % 4 * 8 + kRow / 4 * 4>(words(d, at, c));
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
        return lookUp(d, lowered);
#else
        return hn::ConvertTo(d, hn::And(lowered, hn::Set(hn::RebindToSigned<D>(), 15)));
#endif
    }

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
private:
    /// What the low four bits of each lane stand for: with 16 lanes one operation in place of a
    /// mask, a conversion and a bias.
    template <class D, class V>
    static HWY_INLINE hn::Vec<D> lookUp(D d, V nibbles) {
        if constexpr (sizeof(nibbles.raw) == sizeof(__m512i)) {
            const __m512 numbers =
                _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
            return hn::Vec<D>{_mm512_permutexvar_ps(nibbles.raw, numbers)};
        } else {
            const hn::RebindToSigned<D> di;
            return hn::ConvertTo(d, hn::Sub(hn::And(nibbles, hn::Set(di, 15)), hn::Set(di, 8)));
        }
    }
#endif
};

/// A tile's matrix that is one piece.
template <class RowsType>
struct RowMatrix {
    using Rows = RowsType;
    static constexpr bool kInBlocks = false;
    static constexpr bool kIsFloat = std::is_same_v<RowsType, PlainRows<float>>;
    RowsType rows;
    RowMatrix(const void* matrix, std::int64_t columns)
        : rows{static_cast<const std::byte*>(matrix), columns} {}
};
using FloatMatrix = RowMatrix<PlainRows<float>>;

/// A tile's matrix in blocks of kBlockValues × kTileTokens, each behind its tokens' scales.
template <class RowsType>
struct BlockMatrix {
    using Rows = RowsType;
    static constexpr bool kInBlocks = true;
    static constexpr bool kIsFloat = false;
    static constexpr std::int64_t kScaleBytes = kTileTokens * 2;
    static constexpr std::int64_t kBytes =
        kScaleBytes + kTileTokens * kBlockValues / RowsType::kRowsOfStep * 4;
    const std::byte* matrix;
    BlockMatrix(const void* at, std::int64_t /*columns*/)
        : matrix(static_cast<const std::byte*>(at)) {}
    [[nodiscard]] HWY_INLINE const hwy::float16_t* scales(std::int64_t block) const {
        return reinterpret_cast<const hwy::float16_t*>(matrix + block * kBytes);
    }
    [[nodiscard]] HWY_INLINE RowsType rows(std::int64_t block) const {
        return {matrix + block * kBytes + kScaleBytes, kBlockValues};
    }
};

} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
