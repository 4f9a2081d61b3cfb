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
    args.combineSharerShift = gpu::combineSharerShift(args.headDim, plan.splits);
    args.tile = plan.kernel.tile;
    Status launched = gpu.launch(
        {kernelId(plan.kernel), plan.grid, plan.kernel.threads, plan.kernel.sharedBytes}, args);
    if (!launched || plan.combineThreads == 0)
        return launched;
    return gpu.launch(
        {gpu::kCombineSplits, plan.combineGrid, plan.combineThreads, gpu::kCombineSharedBytes},
        args);
}

} // namespace decodescope
