// SPDX-License-Identifier: Apache-2.0
#include "gpu/attention_launch.h"

#include "gpu/kernels/kernel_shape.h"

namespace decodescope {
Result<int> blocksAtOnce(GpuRuntime& gpu, const KernelChoice& kernel) {
    const Result<int> blocks =
        gpu.blocksPerSm({kernelId(kernel), {}, kernel.threads, kernel.sharedBytes});
    if (!blocks)
        return blocks.error();
    return *blocks * gpu.properties().smCount;
}

Result<AttentionPlan> planAttentionOn(GpuRuntime& gpu, const AttentionShape& shape) {
    Result<AttentionPlan> plan = planAttention(gpu.properties(), shape);
    if (!plan)
        return plan;
    const Result<int> blocks = blocksAtOnce(gpu, plan->kernel);
    if (!blocks)
        return blocks.error();
    return planAttention(gpu.properties(), shape, *blocks, gpu.splitCosts());
}

Status launchAttention(GpuRuntime& gpu, const AttentionPlan& plan, gpu::AttentionArgs args) {
    args.splits = plan.splits;
    args.tile = plan.kernel.tile;
    Status launched = gpu.launch(
        {kernelId(plan.kernel), plan.grid, plan.kernel.threads, plan.kernel.sharedBytes}, args);
    if (!launched || plan.splits == 1)
        return launched;
    return launchCombining(gpu, plan.grid.z, args);
}

Status launchCombining(GpuRuntime& gpu, int sequences, gpu::AttentionArgs args) {
    args.combineSharerShift = gpu::combineSharerShift(args.headDim, args.splits);
    const int heads = gpu::combineHeads(args.headDim, args.combineSharerShift);
    return gpu.launch({gpu::kCombineSplits,
                       {(args.group + heads - 1) / heads, args.nKvHeads, sequences},
                       gpu::kCombineThreads,
                       gpu::kCombineSharedBytes},
                      args);
}

} // namespace decodescope
