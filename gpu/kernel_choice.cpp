// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernel_choice.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "gpu/kernels/kernel_shape.h"
#include "gpu/occupancy.h"

namespace decodescope {
namespace {

using gpu::KvFormat;

constexpr int kFirstWithBf16Products = 80;
/// Up to here the vector kernel is the better one. Of f16 nothing is: on an H200 the packed kernel
/// streams a cache of MHA at 0.93 of the read bandwidth, the vector kernel at 0.90. The weights of
/// bf16 that a matrix product takes have eight bits, which with few tokens and one or two heads
/// shows. A single head of 8 bits is not worth the padding to 16 rows.
constexpr int mostVectorHeads(KvFormat format) {
    return format == KvFormat::F16 ? 0 : format == KvFormat::BF16 ? 2 : 1;
}
/// What a pass of the vector kernel holds in registers where there is no matrix product.
constexpr int kHeadsOfPass = 4;
constexpr int kMostRegisters = 255;
/// A warp works on 16 tokens at once.
constexpr int kStepTokens = 16;
/// Keys and values of a tile: a few of them are what an SM must have under way.
constexpr int kWishedStageBytes = 32 << 10;
constexpr int kMostSteps = 4; ///< of each warp in a tile

/// Registers a thread may have where `blocks` blocks of `threads` threads must fit: launch bounds.
int mostRegisters(const GpuProperties& device, int threads, int blocks) {
    return std::min(kMostRegisters, device.registersPerSm / (threads * blocks) / 8 * 8);
}

KernelChoice vectorKernel(const GpuProperties& device, KvFormat format, int paddedDim, int group) {
    KernelChoice choice;
    choice.family = KernelFamily::Vector;
    choice.format = format;
    choice.paddedDim = paddedDim;
    choice.heads = group <= mostVectorHeads(format) ? group : kHeadsOfPass;
    choice.passes = (group + choice.heads - 1) / choice.heads;
    choice.threads = gpu::kVectorThreads;
    choice.sharedBytes =
        gpu::vectorSharedBytes(paddedDim, choice.heads, choice.threads / gpu::kWarpLanes);
    choice.blocksPerSm =
        blocksPerSm(device, choice.threads,
                    mostRegisters(device, choice.threads, gpu::vectorLeastBlocks(choice.heads)),
                    choice.sharedBytes);
    return choice;
}

int paddedRows(int group) {
    return group <= 16 ? 16 : group <= 32 ? 32 : group <= 64 ? 64 : 128;
}

/// How a block of the packed kernel is made up.
struct PackedBlock {
    int rows = 16;   ///< padded query heads
    int sharers = 4; ///< warps on each group of rows
    int steps = 1;   ///< of each warp in a tile
    int stages = 2;
};

KernelChoice packedKernel(const GpuProperties& device, KvFormat format, int paddedDim, int group,
                          const PackedBlock& block) {
    KernelChoice choice;
    choice.family = KernelFamily::Packed;
    choice.format = format;
    choice.paddedDim = paddedDim;
    choice.passes = (group + block.rows - 1) / block.rows;
    choice.tile = {block.rows, kStepTokens * block.steps * block.sharers, block.stages,
                   choice.passes, std::countr_zero(static_cast<unsigned>(block.sharers))};
    choice.heads = gpu::packedWarpRows(paddedDim, block.rows);
    const int warps = block.rows / choice.heads * block.sharers;
    choice.threads = warps * gpu::kWarpLanes;
    choice.sharedBytes = gpu::packedSharedBytes(format, paddedDim, choice.tile, warps);
    choice.blocksPerSm = choice.threads > gpu::packedMostThreads(paddedDim)
                             ? 0
                             : blocksPerSm(device, choice.threads,
                                           mostRegisters(device, gpu::packedMostThreads(paddedDim),
                                                         gpu::packedLeastBlocks(paddedDim)),
                                           choice.sharedBytes);
    return choice;
}

/// The widest block with the largest tiles of which an SM holds two (while one waits the other
/// works), or else one.
KernelChoice bestPacked(const GpuProperties& device, KvFormat format, int paddedDim, int group,
                        int rows) {
    KernelChoice best;
    best.blocksPerSm = 0;
    for (const int sharers : {4, 2, 1}) {
        const int stepBytes = gpu::packedStageBytes(format, paddedDim, kStepTokens * sharers);
        for (int steps = std::clamp(kWishedStageBytes / stepBytes, 1, kMostSteps); steps > 0;
             steps /= 2)
            for (const int stages : {3, 2}) {
                const KernelChoice each =
                    packedKernel(device, format, paddedDim, group, {rows, sharers, steps, stages});
                if (std::min(each.blocksPerSm, 2) > std::min(best.blocksPerSm, 2))
                    best = each;
            }
    }
    return best;
}

/// All heads in one block, or, where its queries leave no room for tiles in shared memory, as many
/// as there is room for.
KernelChoice bestPacked(const GpuProperties& device, KvFormat format, int paddedDim, int group) {
    KernelChoice best = bestPacked(device, format, paddedDim, group, paddedRows(group));
    for (int rows = paddedRows(group) / 2; best.blocksPerSm == 0 && rows >= 16; rows /= 2)
        best = bestPacked(device, format, paddedDim, group, rows);
    return best;
}

/// Query heads of a KV head from which on matrix products are used; nothing where there are none.
std::optional<int> leastPackedHeads(int computeCapability, KvFormat format) {
    if (format == KvFormat::BF16 && computeCapability < kFirstWithBf16Products)
        return std::nullopt;
    return mostVectorHeads(format) + 1;
}

} // namespace

gpu::KernelId kernelId(const KernelChoice& choice) {
    const char* const name =
        choice.family == KernelFamily::Vector ? "attend_vector" : "attend_packed";
    return {name, {static_cast<int>(choice.format), choice.paddedDim, choice.heads}};
}

Result<KvFormat> kvFormat(DataType type) {
    switch (type) {
    case DataType::F16:
        return KvFormat::F16;
    case DataType::BF16:
        return KvFormat::BF16;
    case DataType::FP8_E4M3:
        return KvFormat::E4M3;
    case DataType::Int8:
        return KvFormat::Int8;
    default:
        return Error{ErrorCode::BadUsage,
                     fmt::format("the GPU kernels do not read a KV cache of type {}", name(type)),
                     "--kv-type", "Choose f16, bf16, fp8_e4m3 or int8."};
    }
}

Result<KernelChoice> chooseKernel(const GpuProperties& device, DataType kvType,
                                  std::int64_t headDim, std::int64_t group) {
    if (device.computeCapability() < kOldestCapability)
        return Error{ErrorCode::DeviceUnavailable,
                     fmt::format("the GPU has compute capability {}.{}; the kernels need 7.5",
                                 device.computeMajor, device.computeMinor),
                     "", "Measure on the CPU with --device cpu."};
    const Result<KvFormat> format = kvFormat(kvType);
    if (!format)
        return format.error();
    if (headDim < 16 || headDim > gpu::kMostHeadDim || headDim % 16 != 0)
        return Error{ErrorCode::BadUsage,
                     fmt::format("the GPU kernels do not cover head_dim {}", headDim), "--head-dim",
                     "Choose a multiple of 16 up to 256."};
    if (group < 1 || group > gpu::kMostGroup)
        return Error{ErrorCode::BadUsage,
                     fmt::format("the GPU kernels do not cover {} query heads on a KV head", group),
                     "--kv-heads", "Choose 1 to 128."};
    const int dim = gpu::paddedHeadDim(static_cast<int>(headDim));
    const int heads = static_cast<int>(group);
    const std::optional<int> least = leastPackedHeads(device.computeCapability(), *format);
    if (!least || heads < *least)
        return vectorKernel(device, *format, dim, heads);
    return bestPacked(device, *format, dim, heads);
}

std::vector<UnitUse> unitUses(int computeCapability) {
    std::vector<UnitUse> uses;
    for (const DataType type : {DataType::F16, DataType::BF16, DataType::FP8_E4M3, DataType::Int8})
        if (const Result<KvFormat> format = kvFormat(type))
            if (const auto least = leastPackedHeads(computeCapability, *format))
                uses.push_back({type, *least, DotUnit::Bf16});
    return uses;
}

} // namespace decodescope
