// SPDX-License-Identifier: Apache-2.0
#include "gpu/random_fill.h"

#include <algorithm>

#include "gpu/kernels/memory_args.h"

namespace decodescope {
namespace {

/// Bits that are random (sign, lowest exponent bit, mantissa) and the rest: the exponent of 0.5.
gpu::RandomContent pattern(std::uint64_t exponent, std::uint64_t random, int bits) {
    gpu::RandomContent content{0, 0, 0};
    for (int at = 0; at < 64; at += bits) {
        content.base |= exponent << at;
        content.mask |= random << at;
    }
    return content;
}

} // namespace

gpu::RandomContent randomContent(DataType type, std::uint64_t seed, int log2Scale) {
    const auto exponent = [log2Scale](int of, int mantissaBits) {
        return static_cast<std::uint64_t>(of + log2Scale) << mantissaBits;
    };
    gpu::RandomContent content;
    if (type == DataType::F32)
        content = pattern(exponent(126, 23), 0x80FFFFFF, 32);
    else if (type == DataType::F16)
        content = pattern(exponent(14, 10), 0x87FF, 16);
    else if (type == DataType::BF16)
        content = pattern(exponent(126, 7), 0x80FF, 16);
    else if (type == DataType::FP8_E4M3)
        content = pattern(exponent(6, 3), 0x8F, 8);
    content.seed = seed;
    return content;
}

gpu::RandomContent randomScales(int log2Scale, std::uint64_t seed) {
    gpu::RandomContent content =
        pattern(static_cast<std::uint64_t>(15 + log2Scale) << 10, 0x03FF, 16);
    content.seed = seed;
    return content;
}

Status fillRandom(GpuRuntime& gpu, std::byte* to, std::uint64_t bytes,
                  const gpu::RandomContent& content) {
    if (bytes == 0)
        return Done{};
    gpu::FillArgs args;
    args.to = reinterpret_cast<std::uint64_t*>(to);
    args.words = static_cast<std::int64_t>(bytes / sizeof(std::uint64_t));
    const std::int64_t needed = (args.words + gpu::kMemoryThreads - 1) / gpu::kMemoryThreads;
    args.blocks = static_cast<std::int32_t>(
        std::min<std::int64_t>(needed, std::int64_t{8} * gpu.properties().smCount));
    args.content = content;
    return gpu.launch({gpu::kFillRandom, {args.blocks, 1, 1}, gpu::kMemoryThreads}, args);
}

Status fillRandom(GpuRuntime& gpu, std::byte* to, std::uint64_t bytes, DataType type,
                  std::uint64_t seed) {
    return fillRandom(gpu, to, bytes, randomContent(type, seed));
}

} // namespace decodescope
