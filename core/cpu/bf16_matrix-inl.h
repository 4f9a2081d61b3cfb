// SPDX-License-Identifier: Apache-2.0
// Products of small matrices of bf16, summed in f32; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_BF16_MATRIX_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_BF16_MATRIX_INL_H
#undef DECODESCOPE_CPU_BF16_MATRIX_INL_H
#else
#define DECODESCOPE_CPU_BF16_MATRIX_INL_H
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <hwy/highway.h>

#include "core/cpu/vector_math-inl.h"

/// Where this target's compilers make the CPU's own instructions, which Highway 1.0.3 does not
/// have. The emulation of another target must not be taken for them: AVX-512 and not AVX2 alone.
#undef DECODESCOPE_HAS_BF16_MATRIX
#if HWY_ARCH_X86_64 && HWY_TARGET <= HWY_AVX3
#define DECODESCOPE_HAS_BF16_MATRIX 1
#else
#define DECODESCOPE_HAS_BF16_MATRIX 0
#endif

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// Rows of a matrix register at most, and the bytes of each: 16 f32 or 16 pairs of bf16.
constexpr std::int64_t kMatrixRows = 16;
constexpr std::int64_t kMatrixRowBytes = 64;
constexpr std::int64_t kMatrixWords = kMatrixRowBytes / 4;

/// Eight matrix registers and what each is for. sums[b][w] [heads of b][columns of w] of f32,
/// factors[b] [heads of b][kMatrixWords] and rows[w] [kMatrixRows][columns of w] of pairs of bf16:
///   sums[b][w][h][c] += Σ_p factors[b][h][p].even × rows[w][p][c].even + the same of the odd ones
/// b, w < 2. The unit adds up the even products, and the odd ones, each to nearest even, and their
/// sum is added; it reads denormals as zero and writes zero for them, the emulation keeps them.
constexpr int sumsOf(int block, int column) {
    return 2 * block + column;
}
constexpr int factorsOf(int block) {
    return 4 + block;
}
constexpr int rowsOf(int column) {
    return 6 + column;
}

/// How large the registers are; those of a block or column of size 0 are not used.
struct MatrixShapes {
    std::array<std::uint8_t, 2> heads = {};
    std::array<std::uint8_t, 2> columns = {};
    bool operator==(const MatrixShapes&) const = default;
};

/// On any CPU.
class EmulatedBf16Matrix {
public:
    void shape(const MatrixShapes& shapes) { m_shapes = shapes; }
    void release() {}
    template <int kRegister>
    void zero() {
        std::memset(m_registers[kRegister], 0, sizeof(m_registers[kRegister]));
    }
    template <int kRegister>
    void load(const void* from, std::int64_t stride) {
        for (std::int64_t r = 0; r < rows<kRegister>(); ++r)
            std::memcpy(m_registers[kRegister] + r * kMatrixWords,
                        static_cast<const std::byte*>(from) + r * stride, rowBytes<kRegister>());
    }
    template <int kRegister>
    void store(void* to, std::int64_t stride) const {
        for (std::int64_t r = 0; r < rows<kRegister>(); ++r)
            std::memcpy(static_cast<std::byte*>(to) + r * stride,
                        m_registers[kRegister] + r * kMatrixWords, rowBytes<kRegister>());
    }
    template <int kBlock, int kColumn>
    HWY_NOINLINE void multiply() {
        const hn::CappedTag<float, kMatrixWords> d;
        const hn::RebindToUnsigned<decltype(d)> du;
        const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
        const auto high = hn::Set(du, 0xFFFF0000U);
        for (std::int64_t h = 0; h < m_shapes.heads[kBlock]; ++h) {
            const std::uint32_t* factors = m_registers[factorsOf(kBlock)] + h * kMatrixWords;
            auto* sums =
                reinterpret_cast<float*>(m_registers[sumsOf(kBlock, kColumn)] + h * kMatrixWords);
            for (std::int64_t c = 0; c < kMatrixWords; c += lanes) {
                auto even = hn::Zero(d);
                auto odd = hn::Zero(d);
                for (std::int64_t p = 0; p < kMatrixRows; ++p) {
                    const auto factor = hn::Set(du, factors[p]);
                    const auto row =
                        hn::Load(du, m_registers[rowsOf(kColumn)] + p * kMatrixWords + c);
                    even = hn::MulAdd(hn::BitCast(d, hn::ShiftLeft<16>(factor)),
                                      hn::BitCast(d, hn::ShiftLeft<16>(row)), even);
                    odd = hn::MulAdd(hn::BitCast(d, hn::And(factor, high)),
                                     hn::BitCast(d, hn::And(row, high)), odd);
                }
                hn::Store(hn::Add(hn::Load(d, sums + c), hn::Add(even, odd)), d, sums + c);
            }
        }
    }

private:
    template <int kRegister>
    [[nodiscard]] std::int64_t rows() const {
        return kRegister >= rowsOf(0)      ? kMatrixRows
               : kRegister >= factorsOf(0) ? m_shapes.heads[kRegister % 2]
                                           : m_shapes.heads[kRegister / 2];
    }
    template <int kRegister>
    [[nodiscard]] std::size_t rowBytes() const {
        const bool isFactors = kRegister >= factorsOf(0) && kRegister < rowsOf(0);
        return isFactors ? kMatrixRowBytes : 4 * std::size_t{m_shapes.columns[kRegister % 2]};
    }

    MatrixShapes m_shapes;
    alignas(64) std::uint32_t m_registers[8][kMatrixRows * kMatrixWords] = {};
};

#if DECODESCOPE_HAS_BF16_MATRIX
/// Intel AMX (Intel SDM, volume 1, chapter 18). Precondition: bf16MatrixLoop() is not null, which
/// also had the system give the process room for the registers.
class AmxBf16 {
public:
    void shape(const MatrixShapes& shapes) {
        if (shapes == m_shapes)
            return;
        m_shapes = shapes;
        struct alignas(64) {
            std::uint8_t palette = 1, startRow = 0, reserved[14] = {};
            std::uint16_t rowBytes[16] = {};
            std::uint8_t rows[16] = {};
        } config;
        static_assert(sizeof(config) == 64);
        const auto set = [&config](int which, std::int64_t rows, std::int64_t words) {
            if (rows == 0 || words == 0)
                return;
            config.rows[which] = static_cast<std::uint8_t>(rows);
            config.rowBytes[which] = static_cast<std::uint16_t>(4 * words);
        };
        for (int i = 0; i < 2; ++i) {
            set(factorsOf(i), shapes.heads[i], kMatrixWords);
            set(rowsOf(i), shapes.columns[i] > 0 ? kMatrixRows : 0, shapes.columns[i]);
            for (int column = 0; column < 2; ++column)
                set(sumsOf(i, column), shapes.heads[i], shapes.columns[column]);
        }
        asm volatile("ldtilecfg %0" : : "m"(config));
    }
    /// The next thread on this core has less to save and restore.
    void release() {
        asm volatile("tilerelease");
        m_shapes = {};
    }
    template <int kRegister>
    HWY_INLINE void zero() {
        asm volatile("tilezero %%tmm%c0" : : "i"(kRegister));
    }
    template <int kRegister>
    HWY_INLINE void load(const void* from, std::int64_t stride) {
        asm volatile("tileloadd (%0,%1,1), %%tmm%c2"
                     :
                     : "r"(from), "r"(stride), "i"(kRegister)
                     : "memory");
    }
    template <int kRegister>
    HWY_INLINE void store(void* to, std::int64_t stride) {
        asm volatile("tilestored %%tmm%c2, (%0,%1,1)"
                     :
                     : "r"(to), "r"(stride), "i"(kRegister)
                     : "memory");
    }
    template <int kBlock, int kColumn>
    HWY_INLINE void multiply() {
        // What is written between two products stays between them.
        asm volatile("tdpbf16ps %%tmm%c0, %%tmm%c1, %%tmm%c2"
                     :
                     : "i"(rowsOf(kColumn)), "i"(factorsOf(kBlock)), "i"(sumsOf(kBlock, kColumn))
                     : "memory");
    }

private:
    MatrixShapes m_shapes;
};
#endif

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
