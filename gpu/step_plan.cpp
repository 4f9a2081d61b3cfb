// SPDX-License-Identifier: Apache-2.0
#include "gpu/step_plan.h"

#include <limits>

#include <fmt/format.h>

#include "gpu/kernels/step_shape.h"

namespace decodescope {
namespace {

using gpu::WeightFormat;

constexpr int kMostParts = 8; ///< what follows reads them all

int blocksFor(int items, int perBlock) {
    return (items + perBlock - 1) / perBlock;
}

} // namespace

Result<WeightFormat> weightFormat(DataType type) {
    switch (type) {
    case DataType::F16:
        return WeightFormat::F16;
    case DataType::BF16:
        return WeightFormat::BF16;
    case DataType::Q8_0:
        return WeightFormat::Q8;
    case DataType::Q4_0:
        return WeightFormat::Q4;
    default:
        return Error{ErrorCode::BadUsage,
                     fmt::format("the GPU kernels do not read weights of type {}", name(type)),
                     "--weights-type", "Choose f16, bf16, q8_0 or q4_0."};
    }
}

int columnGrain(WeightFormat format) {
    return gpu::hasScales(format) ? gpu::kWeightBlock : gpu::weightsPerChunk(format);
}

namespace {

/// Warps that an SM should have for its memory to be busy where scales and expansion take
/// registers, and time, too: on an H200 steps of q8_0 and q4_0 were faster with so many than with 8
/// or 12.
constexpr int kBusyWarps = 20;

/// Warps share rows, then blocks share columns, until there are as many warps as wished or each has
/// no more than `leastRounds` times 32 chunks.
void shareOut(ProjectionPlan& plan, const ProjectionShape& shape, int groups, int sharingWarps,
              int wishedWarps, int leastRounds) {
    const int rounds = blocksFor(gpu::rowChunks(shape.format, shape.columns), gpu::kWarpLanes);
    const int warps = groups * blocksFor(shape.batch, plan.batch);
    while (plan.sharers < gpu::kProjectionWarps && warps * plan.sharers < sharingWarps &&
           rounds >= 2 * plan.sharers * leastRounds)
        plan.sharers *= 2;
    while (shape.activation == gpu::Activation::None && plan.parts < kMostParts &&
           warps * plan.sharers * plan.parts < wishedWarps &&
           rounds >= 2 * plan.parts * plan.sharers * leastRounds)
        plan.parts *= 2;
    plan.launch.grid = {blocksFor(groups, gpu::kProjectionWarps / plan.sharers) *
                            blocksFor(shape.batch, plan.batch),
                        plan.parts, 1};
    plan.launch.threads = gpu::kProjectionThreads;
}

} // namespace

ProjectionPlan planProjection(const GpuProperties& device, const ProjectionShape& shape) {
    ProjectionPlan plan;
    if (gpu::hasScales(shape.format)) {
        const int tiles = gpu::productTiles(shape.batch);
        plan.batch = tiles * gpu::kMmaColumns;
        plan.launch.kernel = gpu::productId(shape.format, tiles);
        plan.launch.sharedBytes = gpu::productSharedBytes(tiles);
        const int warps = device.smCount * kBusyWarps;
        shareOut(plan, shape, blocksFor(shape.rows, gpu::kMmaRows), warps, warps, 1);
        return plan;
    }
    plan.batch = gpu::compiledBatch(shape.batch);
    plan.launch.kernel = gpu::projectionId(shape.format, plan.batch);
    plan.launch.sharedBytes = gpu::projectionSharedBytes(plan.batch);
    const int warps =
        device.smCount * gpu::projectionLeastBlocks(plan.batch) * gpu::kProjectionWarps;
    // As many as find enough in a row share it: so it was measured (0.97 of an H200's read
    // bandwidth with the 28,672 rows of a Llama 3.1 8B, 1.03 with its head).
    shareOut(plan, shape, gpu::projectionGroups(shape.rows, plan.batch),
             std::numeric_limits<int>::max(), warps, gpu::projectionDepth(plan.batch));
    return plan;
}

void fillIn(const ProjectionShape& shape, const ProjectionPlan& plan, gpu::ProjectionArgs& args) {
    args.rows = shape.rows;
    args.columns = shape.columns;
    args.batch = shape.batch;
    args.activation = shape.activation;
    args.parts = plan.parts;
    args.sharers = plan.sharers;
}

KernelLaunch normLaunch(gpu::KvFormat out, int batch) {
    return {gpu::normId(out), {batch, 1, 1}, gpu::kNormThreads, gpu::kNormSharedBytes};
}

KernelLaunch activationLaunch(gpu::KvFormat out, const gpu::ActivationArgs& args) {
    return {gpu::activationId(out),
            {args.in.batch, blocksFor(args.width, gpu::kActivationThreads), 1},
            gpu::kActivationThreads};
}

KernelLaunch appendLaunch(gpu::KvFormat cache, const gpu::AppendArgs& args) {
    const int heads = args.nHeads + 2 * args.nKvHeads;
    return {gpu::appendId(cache),
            {args.qkv.batch, blocksFor(heads, gpu::kAppendThreads / gpu::kWarpLanes), 1},
            gpu::kAppendThreads};
}

} // namespace decodescope
