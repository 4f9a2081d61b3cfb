// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

// The device's side of device_ops.h, for compute capability 7.5 to 12.0. PTX where CUDA C++ has no
// function (PTX ISA 8.0, chapters "cp.async", "ldmatrix", "mma").
namespace decodescope::gpu {

DECODESCOPE_DEVICE int threadIndex() {
    return static_cast<int>(threadIdx.x);
}
DECODESCOPE_DEVICE int blockThreads() {
    return static_cast<int>(blockDim.x);
}
DECODESCOPE_DEVICE int blockX() {
    return static_cast<int>(blockIdx.x);
}
DECODESCOPE_DEVICE int blockY() {
    return static_cast<int>(blockIdx.y);
}
DECODESCOPE_DEVICE int blockZ() {
    return static_cast<int>(blockIdx.z);
}
DECODESCOPE_DEVICE void syncThreads() {
    __syncthreads();
}
DECODESCOPE_DEVICE std::byte* sharedMemory() {
    extern __shared__ uint4 decodescopeShared[];
    return reinterpret_cast<std::byte*>(decodescopeShared);
}
DECODESCOPE_DEVICE std::uint32_t sharedAddress(std::uint32_t offset) {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(sharedMemory())) + offset;
}

DECODESCOPE_DEVICE void letLaterWorkCome() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
DECODESCOPE_DEVICE void waitForEarlierWork() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

DECODESCOPE_DEVICE float shuffleXor(float value, int mask) {
    return __shfl_xor_sync(0xFFFFFFFFU, value, mask);
}
DECODESCOPE_DEVICE bool anyLane(bool condition) {
    return __any_sync(0xFFFFFFFFU, condition) != 0;
}

DECODESCOPE_DEVICE Chunk loadOnce(const std::byte* from) {
    Chunk chunk;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(chunk.words[0]), "=r"(chunk.words[1]), "=r"(chunk.words[2]),
                   "=r"(chunk.words[3])
                 : "l"(from));
    return chunk;
}

DECODESCOPE_DEVICE Chunk loadCached(const std::byte* from) {
    Chunk chunk;
    asm volatile("ld.global.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(chunk.words[0]), "=r"(chunk.words[1]), "=r"(chunk.words[2]),
                   "=r"(chunk.words[3])
                 : "l"(from));
    return chunk;
}

DECODESCOPE_DEVICE void copyChunk(std::uint32_t sharedOffset, const std::byte* from, bool valid) {
#if __CUDA_ARCH__ >= 800
    asm volatile(
        "cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(sharedAddress(sharedOffset)),
        "l"(from), "r"(valid ? 16 : 0)
        : "memory");
#else
    Chunk chunk{};
    if (valid)
        chunk = loadOnce(from);
    asm volatile("st.shared.v4.u32 [%0], {%1, %2, %3, %4};" ::"r"(sharedAddress(sharedOffset)),
                 "r"(chunk.words[0]), "r"(chunk.words[1]), "r"(chunk.words[2]), "r"(chunk.words[3])
                 : "memory");
#endif
}
DECODESCOPE_DEVICE void commitCopies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
template <int kPending>
DECODESCOPE_DEVICE void waitForCopies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
#endif
}

DECODESCOPE_DEVICE void loadMatrices(std::uint32_t (&registers)[4], std::uint32_t sharedOffset) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
                 : "r"(sharedAddress(sharedOffset))
                 : "memory");
}
DECODESCOPE_DEVICE void loadMatricesTransposed(std::uint32_t (&registers)[4],
                                               std::uint32_t sharedOffset) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
                 : "r"(sharedAddress(sharedOffset))
                 : "memory");
}

template <KvFormat kFormat>
DECODESCOPE_DEVICE void multiplyAdd(float (&sum)[4], const std::uint32_t (&first)[4],
                                    std::uint32_t second0, std::uint32_t second1) {
#if __CUDA_ARCH__ >= 800
    if constexpr (kFormat == KvFormat::BF16)
        asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
            "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
            : "r"(first[0]), "r"(first[1]), "r"(first[2]), "r"(first[3]), "r"(second0),
              "r"(second1));
    else
        asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
            "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
            : "r"(first[0]), "r"(first[1]), "r"(first[2]), "r"(first[3]), "r"(second0),
              "r"(second1));
#else
    // The fragments of two k8 products are the halves of those of one k16.
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(first[0]), "r"(first[1]), "r"(second0));
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(first[2]), "r"(first[3]), "r"(second1));
#endif
}

template <KvFormat kFormat>
DECODESCOPE_DEVICE void multiplyAddBytes(float (&sum)[4], const std::uint32_t (&first)[4],
                                         std::uint32_t second0, std::uint32_t second1) {
    if constexpr (kFormat == KvFormat::E4M3) {
#if __CUDA_ARCH__ >= 890
        asm("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 "
            "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
            : "r"(first[0]), "r"(first[1]), "r"(first[2]), "r"(first[3]), "r"(second0),
              "r"(second1));
#endif
    } else {
#if __CUDA_ARCH__ >= 800
        int whole[4];
        for (int i = 0; i < 4; ++i)
            whole[i] = __float_as_int(sum[i]);
        asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 "
            "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+r"(whole[0]), "+r"(whole[1]), "+r"(whole[2]), "+r"(whole[3])
            : "r"(first[0]), "r"(first[1]), "r"(first[2]), "r"(first[3]), "r"(second0),
              "r"(second1));
        for (int i = 0; i < 4; ++i)
            sum[i] = __int_as_float(whole[i]);
#endif
    }
}

DECODESCOPE_DEVICE float exp2Fast(float x) {
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

template <KvFormat kFormat>
DECODESCOPE_DEVICE std::uint32_t packPair(float low, float high) {
    if constexpr (kFormat == KvFormat::BF16) {
        const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
        return *reinterpret_cast<const std::uint32_t*>(&pair);
    } else {
        const __half2 pair = __floats2half2_rn(low, high);
        return *reinterpret_cast<const std::uint32_t*>(&pair);
    }
}
template <KvFormat kFormat>
DECODESCOPE_DEVICE float lowOf(std::uint32_t pair) {
    if constexpr (kFormat == KvFormat::BF16)
        return __uint_as_float(pair << 16);
    else
        return __low2float(*reinterpret_cast<const __half2*>(&pair));
}
template <KvFormat kFormat>
DECODESCOPE_DEVICE float highOf(std::uint32_t pair) {
    if constexpr (kFormat == KvFormat::BF16)
        return __uint_as_float(pair & 0xFFFF0000U);
    else
        return __high2float(*reinterpret_cast<const __half2*>(&pair));
}
DECODESCOPE_DEVICE float floatOf(std::uint32_t bits) {
    return __uint_as_float(bits);
}
DECODESCOPE_DEVICE std::uint32_t bitsOf(float value) {
    return __float_as_uint(value);
}
DECODESCOPE_DEVICE std::uint32_t subtractPairs(std::uint32_t a, std::uint32_t b) {
    const __half2 difference =
        __hsub2(*reinterpret_cast<const __half2*>(&a), *reinterpret_cast<const __half2*>(&b));
    return *reinterpret_cast<const std::uint32_t*>(&difference);
}

DECODESCOPE_DEVICE std::uint32_t selectBytes(std::uint32_t low, std::uint32_t high,
                                             std::uint32_t selector) {
    return __byte_perm(low, high, selector);
}
DECODESCOPE_DEVICE std::uint32_t e4m3Pair(std::uint32_t word, int i, int j) {
    std::uint32_t pair = 0;
#if __CUDA_ARCH__ >= 890
    const std::uint32_t bytes =
        i == 0 && j == 1   ? word
        : i == 2 && j == 3 ? word >> 16
                           : selectBytes(word, 0, static_cast<std::uint32_t>(0x4400 | i | j << 4));
    asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(pair) : "h"(static_cast<std::uint16_t>(bytes)));
#endif
    return pair;
}

} // namespace decodescope::gpu
