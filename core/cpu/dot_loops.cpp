// SPDX-License-Identifier: Apache-2.0
// Highway 1.0.3 has no operation for these units: the instructions themselves, each in a function
// compiled for its own instruction set and called only where the CPU has it.
#include "core/cpu/roof_kernels.h"

#if defined(__x86_64__)
#include <algorithm>
#include <iterator>

#include <cpuid.h>
#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__) && defined(__linux__) && !defined(__clang__)
#define DECODESCOPE_NEON_DOT 1
#include <arm_neon.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace decodescope {
namespace {

#if defined(__x86_64__) || defined(DECODESCOPE_NEON_DOT)

/// Independent chains: enough to hide the latency of a dot product (4 to 6 cycles, 2 a cycle).
constexpr int kChains = 12;

/// Operations of one instruction on vectors of `bytes`, whose elements are `elementBytes` wide.
constexpr double operations(std::int64_t rounds, int bytes, int elementBytes) {
    return 2.0 * kChains * bytes / elementBytes * static_cast<double>(rounds);
}

#endif

#if defined(__x86_64__)

__attribute__((target("avx512f,avx512bf16"))) double bf16DotAvx512(std::int64_t rounds, float seed,
                                                                   float& sink) {
    __m512 sums[kChains];
    for (int i = 0; i < kChains; ++i)
        sums[i] = _mm512_set1_ps(seed + static_cast<float>(i));
    const __m512 values = _mm512_set1_ps(0.001F * seed);
    const __m512bh pairs = _mm512_cvtne2ps_pbh(values, values);
    for (std::int64_t r = 0; r < rounds; ++r)
        for (int i = 0; i < kChains; ++i)
            sums[i] = _mm512_dpbf16_ps(sums[i], pairs, pairs);
    __m512 all = sums[0];
    for (int i = 1; i < kChains; ++i)
        all = _mm512_add_ps(all, sums[i]);
    sink = _mm512_cvtss_f32(all);
    return operations(rounds, sizeof(__m512), 2);
}

__attribute__((target("avx512f,avx512vnni"))) double int8DotAvx512(std::int64_t rounds, float seed,
                                                                   float& sink) {
    __m512i sums[kChains];
    for (int i = 0; i < kChains; ++i)
        sums[i] = _mm512_set1_epi32(i);
    const __m512i quads = _mm512_set1_epi32(static_cast<int>(seed));
    for (std::int64_t r = 0; r < rounds; ++r)
        for (int i = 0; i < kChains; ++i)
            sums[i] = _mm512_dpbusd_epi32(sums[i], quads, quads);
    __m512i all = sums[0];
    for (int i = 1; i < kChains; ++i)
        all = _mm512_add_epi32(all, sums[i]);
    alignas(sizeof(__m512i)) int lanes[sizeof(__m512i) / sizeof(int)];
    _mm512_store_si512(lanes, all);
    sink = static_cast<float>(lanes[0]);
    return operations(rounds, sizeof(__m512i), 1);
}

__attribute__((target("avx2,avxvnni"))) double int8DotAvx(std::int64_t rounds, float seed,
                                                          float& sink) {
    __m256i sums[kChains];
    for (int i = 0; i < kChains; ++i)
        sums[i] = _mm256_set1_epi32(i);
    const __m256i quads = _mm256_set1_epi32(static_cast<int>(seed));
    for (std::int64_t r = 0; r < rounds; ++r)
        for (int i = 0; i < kChains; ++i)
            sums[i] = _mm256_dpbusd_avx_epi32(sums[i], quads, quads);
    __m256i all = sums[0];
    for (int i = 1; i < kChains; ++i)
        all = _mm256_add_epi32(all, sums[i]);
    sink = static_cast<float>(_mm_cvtsi128_si32(_mm256_castsi256_si128(all)));
    return operations(rounds, sizeof(__m256i), 1);
}

/// Products of pairs of 16-bit numbers, each number counted as its two digits of bytes. Half of the
/// chains: a product takes a register of its own on its way to the sum.
__attribute__((target("avx2"))) double int16DotAvx2(std::int64_t rounds, float seed, float& sink) {
    constexpr int kSums = kChains / 2;
    __m256i sums[kSums];
    for (int i = 0; i < kSums; ++i)
        sums[i] = _mm256_set1_epi32(i);
    const __m256i pairs = _mm256_set1_epi32(static_cast<int>(seed));
    for (std::int64_t r = 0; r < rounds; ++r)
        for (__m256i& sum : sums) {
            __m256i factor = pairs;
            asm volatile("" : "+x"(factor)); // or the product would be made once for all
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, factor));
        }
    __m256i all = sums[0];
    for (int i = 1; i < kSums; ++i)
        all = _mm256_add_epi32(all, sums[i]);
    sink = static_cast<float>(_mm_cvtsi128_si32(_mm256_castsi256_si128(all)));
    return operations(rounds, sizeof(__m256i), 1) * kSums / kChains;
}

/// Four products in registers: rows of 64 bytes, 16 of each matrix (Intel SDM, volume 1, chapter
/// 18). The compiler's own names for the instructions would leave the configuration unwritten.
double bf16MatrixAmx(std::int64_t rounds, float /*seed*/, float& sink) {
    constexpr int kRegisters = 8;
    constexpr int kRows = 16;
    struct alignas(64) {
        std::uint8_t palette = 1, startRow = 0, reserved[14] = {};
        std::uint16_t rowBytes[16] = {};
        std::uint8_t rows[16] = {};
    } config;
    for (int i = 0; i < kRegisters; ++i) {
        config.rowBytes[i] = 64;
        config.rows[i] = kRows;
    }
    alignas(64) std::uint16_t factors[kRows * 32];
    alignas(64) float sums[kRows * 16];
    std::fill(std::begin(factors), std::end(factors), std::uint16_t{0x3A80}); // 2^-10
    const std::int64_t stride = 64;
    asm volatile("ldtilecfg %0\n\t"
                 "tilezero %%tmm0\n\ttilezero %%tmm1\n\ttilezero %%tmm2\n\ttilezero %%tmm3\n\t"
                 "tileloadd (%1,%2,1), %%tmm4\n\ttileloadd (%1,%2,1), %%tmm5\n\t"
                 "tileloadd (%1,%2,1), %%tmm6\n\ttileloadd (%1,%2,1), %%tmm7"
                 :
                 : "m"(config), "r"(factors), "r"(stride)
                 : "memory");
    for (std::int64_t r = 0; r < rounds; ++r)
        asm volatile("tdpbf16ps %tmm6, %tmm4, %tmm0\n\ttdpbf16ps %tmm7, %tmm4, %tmm1\n\t"
                     "tdpbf16ps %tmm6, %tmm5, %tmm2\n\ttdpbf16ps %tmm7, %tmm5, %tmm3");
    asm volatile("tilestored %%tmm0, (%0,%1,1)\n\ttilerelease"
                 :
                 : "r"(sums), "r"(stride)
                 : "memory");
    sink = sums[0];
    return 4 * 2.0 * kRows * 16 * 32 * static_cast<double>(rounds);
}

/// What a process has to ask Linux for before a thread may use the registers of AMX: their room on
/// every stack of signals is 8 KiB (Documentation/arch/x86/xstate.rst).
bool systemGivesMatrices() {
#if defined(__linux__)
    constexpr long kRequestPermission = 0x1023; // ARCH_REQ_XCOMP_PERM
    constexpr long kTileData = 18;
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
    return false;
#endif
}

/// Bits of CPUID leaf 7, subleaf 1, register EAX (Intel SDM, volume 2A, CPUID).
constexpr unsigned kAvxVnniBit = 1U << 4U;
constexpr unsigned kAvx512Bf16Bit = 1U << 5U;

bool hasLeaf7(unsigned bit) {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & bit) != 0;
}

// __builtin_cpu_supports() also asks whether the system saves the wide registers.
PeakLoop bf16Dot() {
    const bool wide = __builtin_cpu_supports("avx512f") != 0;
    return wide && hasLeaf7(kAvx512Bf16Bit) ? bf16DotAvx512 : nullptr;
}

/// Bits of CPUID leaf 7, subleaf 0, register EDX: AMX-BF16 and AMX-TILE.
constexpr unsigned kAmxBits = 1U << 22U | 1U << 24U;

bool hasMatrices() {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & kAmxBits) == kAmxBits &&
           bf16Dot() != nullptr && systemGivesMatrices();
}

PeakLoop bf16Matrix() {
    static const bool has = hasMatrices();
    return has ? bf16MatrixAmx : nullptr;
}

PeakLoop int8Dot() {
    if (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vnni") != 0)
        return int8DotAvx512;
    if (__builtin_cpu_supports("avx2") == 0)
        return nullptr;
    return hasLeaf7(kAvxVnniBit) ? int8DotAvx : int16DotAvx2;
}

#elif defined(DECODESCOPE_NEON_DOT)

__attribute__((target("arch=armv8.2-a+bf16"))) double bf16DotNeon(std::int64_t rounds, float seed,
                                                                  float& sink) {
    float32x4_t sums[kChains];
    for (int i = 0; i < kChains; ++i)
        sums[i] = vdupq_n_f32(seed + static_cast<float>(i));
    const bfloat16x8_t pairs = vreinterpretq_bf16_u16(vdupq_n_u16(0x3A80)); // 2^-10
    for (std::int64_t r = 0; r < rounds; ++r)
        for (int i = 0; i < kChains; ++i)
            sums[i] = vbfdotq_f32(sums[i], pairs, pairs);
    float32x4_t all = sums[0];
    for (int i = 1; i < kChains; ++i)
        all = vaddq_f32(all, sums[i]);
    sink = vaddvq_f32(all);
    return operations(rounds, sizeof(float32x4_t), 2);
}

__attribute__((target("arch=armv8.2-a+dotprod"))) double int8DotNeon(std::int64_t rounds,
                                                                     float seed, float& sink) {
    int32x4_t sums[kChains];
    for (int i = 0; i < kChains; ++i)
        sums[i] = vdupq_n_s32(i);
    const int8x16_t quads = vdupq_n_s8(static_cast<std::int8_t>(seed));
    for (std::int64_t r = 0; r < rounds; ++r)
        for (int i = 0; i < kChains; ++i)
            sums[i] = vdotq_s32(sums[i], quads, quads);
    int32x4_t all = sums[0];
    for (int i = 1; i < kChains; ++i)
        all = vaddq_s32(all, sums[i]);
    sink = static_cast<float>(vaddvq_s32(all));
    return operations(rounds, sizeof(int32x4_t), 1);
}

PeakLoop bf16Dot() {
    return (getauxval(AT_HWCAP2) & HWCAP2_BF16) != 0 ? bf16DotNeon : nullptr;
}

PeakLoop int8Dot() {
    return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0 ? int8DotNeon : nullptr;
}

#else

PeakLoop bf16Dot() {
    return nullptr;
}

PeakLoop int8Dot() {
    return nullptr;
}

#endif

} // namespace

PeakLoop bf16DotLoop() {
    return bf16Dot();
}

PeakLoop bf16MatrixLoop() {
#if defined(__x86_64__)
    return bf16Matrix();
#else
    return nullptr;
#endif
}

PeakLoop bf16Loop() {
    const PeakLoop matrix = bf16MatrixLoop();
    return matrix != nullptr ? matrix : bf16DotLoop();
}

PeakLoop int8DotLoop() {
    return int8Dot();
}

} // namespace decodescope
