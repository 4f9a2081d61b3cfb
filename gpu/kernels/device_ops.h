// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "gpu/kernels/kv_format.h"
#include "gpu/kernels/qualifiers.h"

/// All that the kernels ask of the device, one function an instruction: their source has nothing
/// else that is CUDA's own. nvcc takes the bodies of device_ops_cuda.h; for any other compiler the
/// functions are declared only, and who wants to run a kernel on the host defines them (the tests
/// do, lane by lane, and check what the hardware would not: lanes that part, copies nobody waited
/// for).
///
/// Functions marked "warp" are called by all 32 lanes of a warp together, syncThreads() by all
/// threads of a block.
namespace decodescope::gpu {

/// Sixteen bytes, as one load brings them.
struct Chunk {
    std::uint32_t words[4];
};

#if defined(__CUDACC__)
#define DECODESCOPE_DEVICE_OP DECODESCOPE_DEVICE
#else
#define DECODESCOPE_DEVICE_OP
#endif

DECODESCOPE_DEVICE_OP int threadIndex();
DECODESCOPE_DEVICE_OP int blockThreads();
DECODESCOPE_DEVICE_OP int blockX();
DECODESCOPE_DEVICE_OP int blockY();
DECODESCOPE_DEVICE_OP int blockZ();
DECODESCOPE_DEVICE_OP void syncThreads();
/// The block's dynamic shared memory, 16-byte aligned. Its offsets are what the copies and the
/// matrix loads take.
DECODESCOPE_DEVICE_OP std::byte* sharedMemory();

/// From compute capability 9.0 on the blocks of a launch may be there before the work queued before
/// it has ended (GpuRuntime launches them so). Until waitForEarlierWork() they may read only what
/// none of that writes, and may write nothing. Once all blocks have called letLaterWorkCome(), or
/// are done, those of the next launch may come.
DECODESCOPE_DEVICE_OP void letLaterWorkCome();
DECODESCOPE_DEVICE_OP void waitForEarlierWork();

/// Warp: the value of lane (own ^ mask).
DECODESCOPE_DEVICE_OP float shuffleXor(float value, int mask);
/// Warp: true in all lanes where it is in any.
DECODESCOPE_DEVICE_OP bool anyLane(bool condition);

/// Sixteen bytes of global memory that are read once, past the first-level cache.
DECODESCOPE_DEVICE_OP Chunk loadOnce(const std::byte* from);

/// Sixteen bytes of global memory that others read too, and that nobody writes while the kernel
/// runs.
DECODESCOPE_DEVICE_OP Chunk loadCached(const std::byte* from);

/// Begins to copy 16 bytes from global to shared memory; with `valid` false nothing is read and
/// zeros are written.
DECODESCOPE_DEVICE_OP void copyChunk(std::uint32_t sharedOffset, const std::byte* from, bool valid);
/// Ends a group of copies of this thread.
DECODESCOPE_DEVICE_OP void commitCopies();
/// Waits until at most kPending of this thread's groups are still under way.
template <int kPending>
DECODESCOPE_DEVICE_OP void waitForCopies();

/// Warp: ldmatrix.x4, four matrices of 8 rows × 16 bytes; lane i names row i % 8 of matrix i / 8.
DECODESCOPE_DEVICE_OP void loadMatrices(std::uint32_t (&registers)[4], std::uint32_t sharedOffset);
/// Warp: the same, each matrix (of 16-bit elements) transposed.
DECODESCOPE_DEVICE_OP void loadMatricesTransposed(std::uint32_t (&registers)[4],
                                                  std::uint32_t sharedOffset);
/// Warp: sum += first × second, m16n8k16 with f32 sums; factors are bf16 with KvFormat::BF16, else
/// f16. There is no bf16 product below compute capability 8.0.
template <KvFormat kFormat>
DECODESCOPE_DEVICE_OP void multiplyAdd(float (&sum)[4], const std::uint32_t (&first)[4],
                                       std::uint32_t second0, std::uint32_t second1);

/// Whether that is one instruction: from compute capability 8.0 on. Below, its two leave fewer
/// registers for other work.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
inline constexpr bool kHasWholeProducts = false;
#else
inline constexpr bool kHasWholeProducts = true;
#endif

/// Warp: the same of 8-bit factors, m16n8k32: E4M3 with sums of f32, or Int8 with sums of 32-bit
/// integers, of which `sum` has the bits. There are E4M3 products from compute capability 8.9 on,
/// Int8 ones from 8.0 on; below, nothing is done.
template <KvFormat kFormat>
DECODESCOPE_DEVICE_OP void multiplyAddBytes(float (&sum)[4], const std::uint32_t (&first)[4],
                                            std::uint32_t second0, std::uint32_t second1);

/// 2^x within 2 ulp; 0 for -infinity.
DECODESCOPE_DEVICE_OP float exp2Fast(float x);
/// Two floats as f16 (as bf16 with KvFormat::BF16), rounded to nearest even, `low` in the low half.
template <KvFormat kFormat>
DECODESCOPE_DEVICE_OP std::uint32_t packPair(float low, float high);
/// The low and the high half of a pair of f16 (bf16 with KvFormat::BF16).
template <KvFormat kFormat>
DECODESCOPE_DEVICE_OP float lowOf(std::uint32_t pair);
template <KvFormat kFormat>
DECODESCOPE_DEVICE_OP float highOf(std::uint32_t pair);
/// The float with these bits, and the bits of a float.
DECODESCOPE_DEVICE_OP float floatOf(std::uint32_t bits);
DECODESCOPE_DEVICE_OP std::uint32_t bitsOf(float value);
/// A float as f16 (as bf16 with KvFormat::BF16), rounded to nearest even.
template <KvFormat kFormat>
DECODESCOPE_DEVICE std::uint16_t toHalf(float value) {
    return static_cast<std::uint16_t>(packPair<kFormat>(value, 0.0F) & 0xFFFFU);
}
/// Difference of two pairs of f16.
DECODESCOPE_DEVICE_OP std::uint32_t subtractPairs(std::uint32_t a, std::uint32_t b);

/// Four of the bytes of `low` (0 … 3) and `high` (4 … 7), lowest first: hexadecimal digit i of
/// `selector` (0 … 3) says which comes to byte i.
DECODESCOPE_DEVICE_OP std::uint32_t selectBytes(std::uint32_t low, std::uint32_t high,
                                                std::uint32_t selector);
/// Bytes i and j of `word`, two E4M3, as a pair of f16: from compute capability 8.9 on.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 890
inline constexpr bool kHasE4m3Pairs = true;
#else
inline constexpr bool kHasE4m3Pairs = false;
#endif
DECODESCOPE_DEVICE_OP std::uint32_t e4m3Pair(std::uint32_t word, int i, int j);

/// Bytes i and j of `word` as a pair of f16, which times elementScale() are the elements. 8-bit
/// formats only.
template <KvFormat kFormat>
DECODESCOPE_DEVICE std::uint32_t expandedPair(std::uint32_t word, int i, int j) {
    static_assert(elementBytes(kFormat) == 1, "16-bit elements need no expansion");
    const auto first = static_cast<std::uint32_t>(i);
    const auto second = static_cast<std::uint32_t>(j) << 8;
    if constexpr (kFormat == KvFormat::Int8)
        return subtractPairs(
            selectBytes(word ^ kInt8Signs, kInt8Exponents, 0x4040U | first | second), kInt8Bias);
    else if constexpr (kHasE4m3Pairs)
        return e4m3Pair(word, i, j);
    else
        return expandE4m3(selectBytes(word, 0, 0x0404U | first << 4 | second << 4));
}
/// What expanded elements must be multiplied by.
template <KvFormat kFormat>
DECODESCOPE_DEVICE constexpr float elementScale() {
    return kHasE4m3Pairs ? 1.0F : expansionScale(kFormat);
}

} // namespace decodescope::gpu

#if defined(__CUDACC__)
#include "gpu/kernels/device_ops_cuda.h"
#endif
