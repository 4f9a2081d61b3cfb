// SPDX-License-Identifier: Apache-2.0
// Rows of Q4_0 weights times inputs of 8-bit integers, for CPUs with AVX2: four products and two
// sums in one instruction, which Highway has no operation for. Compiled once for each instruction
// set.
#if defined(DECODESCOPE_CPU_PROJECTION_NIBBLES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_PROJECTION_NIBBLES_INL_H
#undef DECODESCOPE_CPU_PROJECTION_NIBBLES_INL_H
#else
#define DECODESCOPE_CPU_PROJECTION_NIBBLES_INL_H
#endif

#include "core/cpu/projection_kernel.h"
#include "core/cpu/projection_part.h"
#include "core/cpu/vector_math-inl.h"

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

constexpr std::int64_t kNibbleBlockBytes = 18;
constexpr std::int64_t kPairBytes = 2 * kNibbleBlockBytes;

/// The inputs that two blocks A, B of a row meet. A nibble is its weight plus 8, so their products
/// are too large by 8 × Σ values × scale: `correction` takes that off again, a quarter in each
/// lane.
struct alignas(32) InputPair {
    std::int8_t values[2][2][16]; ///< [low, high nibbles][A, B][byte of the block]
    float scales[2][4];           ///< [A, B], each four times
    float corrections[2][4];      ///< −2 × scale × Σ values, as `scales`
};

/// The pairs of one sequence.
HWY_INLINE const InputPair* pairsOf(const Projection& p, std::int64_t sequence) {
    return reinterpret_cast<const InputPair*>(p.scratch + sequence * pairStrideBytes(p.columns));
}

/// Half of a pair: 32 inputs, or nothing where `in` is null.
HWY_INLINE void packHalf(const float* in, InputPair& pair, int half) {
    const hn::FixedTag<float, 8> d;
    const hn::FixedTag<std::int8_t, 8> bytes;
    float scale = 0;
    float correction = 0;
    std::int8_t values[32] = {};
    if (in) {
        auto most = hn::Zero(d);
        for (int i = 0; i < 32; i += 8)
            most = hn::Max(most, hn::Abs(hn::LoadU(d, in + i)));
        const float largest = hn::GetLane(hn::MaxOfLanes(d, most));
        const auto factor = hn::Set(d, largest > 0 ? 127.0F / largest : 0.0F);
        auto sum = hn::Zero(hn::FixedTag<std::int32_t, 8>());
        for (int i = 0; i < 32; i += 8) {
            const auto rounded = hn::NearestInt(hn::Mul(hn::LoadU(d, in + i), factor));
            sum = hn::Add(sum, rounded);
            hn::StoreU(hn::DemoteTo(bytes, rounded), bytes, values + i);
        }
        scale = largest / 127.0F;
        correction =
            -2 * scale *
            static_cast<float>(hn::GetLane(hn::SumOfLanes(hn::FixedTag<std::int32_t, 8>(), sum)));
    }
    hwy::CopyBytes<16>(values, pair.values[0][half]);
    hwy::CopyBytes<16>(values + 16, pair.values[1][half]);
    for (int i = 0; i < 4; ++i) {
        pair.scales[half][i] = scale;
        pair.corrections[half][i] = correction;
    }
}

HWY_INLINE void packNibbleInputs(const Projection& p, std::int64_t sequence) {
    const float* in = p.in + sequence * p.columns;
    auto* to = const_cast<InputPair*>(pairsOf(p, sequence));
    for (std::int64_t c = 0; c < p.columns; c += 64, ++to) {
        packHalf(in + c, *to, 0);
        packHalf(c + 32 < p.columns ? in + c + 32 : nullptr, *to, 1);
    }
}

/// Two blocks of weights side by side, their nibbles as bytes.
struct Nibbles {
    __m256i low, high;
};

HWY_INLINE Nibbles nibblesOf(const std::byte* pair) {
    const auto* bytes = reinterpret_cast<const char*>(pair);
    const __m256i both = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 2))),
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 2 + kNibbleBlockBytes)), 1);
    const __m256i mask = _mm256_set1_epi8(15);
    return {_mm256_and_si256(both, mask), _mm256_and_si256(_mm256_srli_epi16(both, 4), mask)};
}

/// Σ nibble × value of A in the lower four lanes, of B in the upper ones.
HWY_INLINE __m256 dot(const Nibbles& weights, const InputPair& in) {
    const auto* values = reinterpret_cast<const __m256i*>(in.values);
    const __m256i sums =
        _mm256_add_epi16(_mm256_maddubs_epi16(weights.low, _mm256_load_si256(values)),
                         _mm256_maddubs_epi16(weights.high, _mm256_load_si256(values + 1)));
    return _mm256_cvtepi32_ps(_mm256_madd_epi16(sums, _mm256_set1_epi16(1)));
}

HWY_INLINE std::uint64_t scaleBits(const std::byte* block) {
    std::uint16_t bits = 0;
    hwy::CopyBytes<sizeof(bits)>(block, &bits);
    return bits;
}

/// Keeps a compiler from making vector shuffles of what the integer units have time for.
HWY_INLINE std::int64_t inRegister(std::int64_t value) {
#if !HWY_COMPILER_MSVC
    asm("" : "+r"(value)); // NOLINT(hicpp-no-assembler): no instruction
#endif
    return value;
}

HWY_INLINE float sumOf(__m256 v) {
    return hn::GetLane(hn::SumOfLanes(hn::FixedTag<float, 8>(), hn::Vec256<float>{v}));
}

/// A row that ends in half a pair: its last block and one of zeros.
struct LastPair {
    std::byte bytes[kPairBytes] = {};
    HWY_INLINE explicit LastPair(const std::byte* block) {
        hwy::CopyBytes<kNibbleBlockBytes>(block, bytes);
    }
};

/// Four rows times one sequence. Their scales are converted together; the integer units gather
/// them, as the shuffle units have enough to do.
class FourRows {
public:
    HWY_INLINE FourRows() {
        for (__m256& sum : m_sum)
            sum = _mm256_setzero_ps();
        m_correction = _mm256_setzero_ps();
    }
    HWY_INLINE void addPair(const std::byte* const (&pair)[4], const InputPair& in) {
        const auto gather = [&](std::int64_t offset) {
            return static_cast<std::int64_t>(
                scaleBits(pair[0] + offset) | scaleBits(pair[1] + offset) << 16 |
                scaleBits(pair[2] + offset) << 32 | scaleBits(pair[3] + offset) << 48);
        };
        const std::int64_t scalesA = inRegister(gather(0));
        const std::int64_t scalesB = inRegister(gather(kNibbleBlockBytes));
        const __m256 weightScales = _mm256_cvtph_ps(_mm_set_epi64x(scalesB, scalesA));
        m_correction =
            _mm256_fmadd_ps(weightScales, _mm256_load_ps(&in.corrections[0][0]), m_correction);
        const __m256 scales = _mm256_mul_ps(weightScales, _mm256_load_ps(&in.scales[0][0]));
        addRow<0>(pair[0], in, scales);
        addRow<1>(pair[1], in, scales);
        addRow<2>(pair[2], in, scales);
        addRow<3>(pair[3], in, scales);
    }
    HWY_INLINE void put(const Projection& p, std::int64_t row, std::int64_t stride,
                        std::int64_t sequence) const {
        HWY_ALIGN float corrections[8];
        _mm256_store_ps(corrections, m_correction);
        for (int r = 0; r < 4; ++r)
            putSum(p, row + r * stride, sequence,
                   sumOf(m_sum[r]) + 4 * (corrections[r] + corrections[4 + r]));
    }

private:
    template <int kRow>
    HWY_INLINE void addRow(const std::byte* pair, const InputPair& in, __m256 scales) {
        m_sum[kRow] = _mm256_fmadd_ps(dot(nibblesOf(pair), in),
                                      _mm256_permute_ps(scales, kRow * 0x55), m_sum[kRow]);
    }
    __m256 m_sum[4];
    __m256 m_correction;
};

HWY_INLINE void fourNibbleRows(const Projection& p, std::int64_t row, std::int64_t stride,
                               std::int64_t sequence) {
    const std::int64_t blocks = p.columns / 32;
    const std::int64_t apart = stride * blocks * kNibbleBlockBytes;
    const InputPair* in = pairsOf(p, sequence);
    const std::byte* pair[4];
    for (int r = 0; r < 4; ++r)
        pair[r] = p.weights + row * blocks * kNibbleBlockBytes + r * apart;
    FourRows rows;
    for (std::int64_t i = 0; i < blocks / 2; ++i, ++in) {
        rows.addPair(pair, *in);
        for (const std::byte*& at : pair)
            at += kPairBytes;
    }
    if (blocks % 2 != 0) {
        const LastPair last[4] = {LastPair(pair[0]), LastPair(pair[1]), LastPair(pair[2]),
                                  LastPair(pair[3])};
        rows.addPair({last[0].bytes, last[1].bytes, last[2].bytes, last[3].bytes}, *in);
    }
    rows.put(p, row, stride, sequence);
}

/// One row times kBatch sequences.
template <int kBatch>
HWY_INLINE void nibbleRow(const Projection& p, std::int64_t row, std::int64_t first) {
    const std::int64_t blocks = p.columns / 32;
    const std::int64_t stride = pairStrideBytes(p.columns);
    const std::byte* weights = p.weights + row * blocks * kNibbleBlockBytes;
    const std::byte* in = p.scratch + first * stride;
    __m256 sum[kBatch];
    for (__m256& ofSequence : sum)
        ofSequence = _mm256_setzero_ps();
    const auto addPair = [&](const std::byte* pair, std::int64_t i) HWY_ATTR {
        const Nibbles nibbles = nibblesOf(pair);
        const __m128i bits = _mm_blend_epi16(
            _mm_set1_epi16(static_cast<short>(scaleBits(pair))),
            _mm_set1_epi16(static_cast<short>(scaleBits(pair + kNibbleBlockBytes))), 0xF0);
        const __m256 scales = _mm256_cvtph_ps(bits);
        for (int b = 0; b < kBatch; ++b) {
            const InputPair& ofSequence = reinterpret_cast<const InputPair*>(in + b * stride)[i];
            const __m256 scaled =
                _mm256_fmadd_ps(dot(nibbles, ofSequence), _mm256_load_ps(&ofSequence.scales[0][0]),
                                _mm256_load_ps(&ofSequence.corrections[0][0]));
            sum[b] = _mm256_fmadd_ps(scaled, scales, sum[b]);
        }
    };
    for (std::int64_t i = 0; i < blocks / 2; ++i)
        addPair(weights + i * kPairBytes, i);
    if (blocks % 2 != 0) {
        const LastPair last(weights + blocks / 2 * kPairBytes);
        addPair(last.bytes, blocks / 2);
    }
    for (int b = 0; b < kBatch; ++b)
        putSum(p, row, first + b, sumOf(sum[b]));
}

void nibbleRows(const Projection& p, const ProjectionPart& part) {
    std::int64_t row = part.row;
    if (part.sequenceEnd - part.sequence == 1) {
        const std::int64_t stride = (part.rowEnd - part.row) / 4;
        for (; row < part.row + stride; ++row)
            fourNibbleRows(p, row, stride, part.sequence);
        row = part.row + 4 * stride;
    }
    for (; row < part.rowEnd; ++row) {
        std::int64_t s = part.sequence;
        for (; s + 8 <= part.sequenceEnd; s += 8)
            nibbleRow<8>(p, row, s);
        for (; s + 4 <= part.sequenceEnd; s += 4)
            nibbleRow<4>(p, row, s);
        for (; s + 2 <= part.sequenceEnd; s += 2)
            nibbleRow<2>(p, row, s);
        for (; s < part.sequenceEnd; ++s)
            nibbleRow<1>(p, row, s);
    }
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // AVX2
#endif
