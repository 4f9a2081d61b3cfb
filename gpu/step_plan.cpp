// SPDX-License-Identifier: Apache-2.0
#include "gpu/step_plan.h"

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

ProjectionPlan planProjection(const GpuProperties& device, const ProjectionShape& shape) {
    ProjectionPlan plan;
    plan.batch = gpu::compiledBatch(shape.batch);
    const int depth = gpu::projectionDepth(shape.format, plan.batch);
    const int chunks = gpu::rowChunks(shape.format, shape.columns);
    const int rounds = blocksFor(chunks, gpu::kWarpLanes);
    const auto busy = [&](int warps) { return rounds >= warps * depth; };
    while (plan.sharers < gpu::kProjectionWarps && busy(2 * plan.sharers))
        plan.sharers *= 2;
    const int groups = gpu::projectionGroups(shape.rows, plan.batch);
    const int blocks = blocksFor(groups, gpu::kProjectionWarps / plan.sharers) *
                       blocksFor(shape.batch, plan.batch);
    const int blocksAtOnce = device.smCount * gpu::projectionLeastBlocks(plan.batch);
    while (shape.activation == gpu::Activation::None && plan.parts < kMostParts &&
           blocks * plan.parts < blocksAtOnce && busy(2 * plan.parts * plan.sharers))
        plan.parts *= 2;
    plan.launch = {gpu::projectionId(shape.format, plan.batch),
                   {blocks, plan.parts, 1},
                   gpu::kProjectionThreads,
                   gpu::projectionSharedBytes(plan.batch)};
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
