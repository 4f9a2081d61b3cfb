// SPDX-License-Identifier: Apache-2.0
#include "emulated_step.h"

#include <stdexcept>

#include "block_emulator.h"
#include "gpu/kernels/kernel_instances.h"
#include "gpu/kernels/step_append.h"
#include "gpu/kernels/step_instances.h"
#include "gpu/kernels/step_norm.h"
#include "gpu/kernels/step_projection.h"

namespace decodescope {
namespace {

struct RunProjection {
    const gpu::ProjectionArgs& args;
    const ProjectionPlan& plan;
    template <gpu::WeightFormat kFormat, int kBatch>
    void visit() {
        gpu::emulate({plan.grid.x, plan.grid.y, plan.grid.z}, plan.threads,
                     static_cast<std::size_t>(plan.sharedBytes),
                     [this] { gpu::ProjectionKernel<kFormat, kBatch>::run(args); });
    }
};

} // namespace

void emulateProjection(const ProjectionShape& shape, const ProjectionPlan& plan,
                       gpu::ProjectionArgs args) {
    fillIn(shape, plan, args);
    if (!gpu::visitProjectionKernel(shape.format, plan.batch, RunProjection{args, plan}))
        throw std::runtime_error("no kernel is compiled for what was planned");
}

void emulateNorm(gpu::KvFormat out, const gpu::NormArgs& args, int batch) {
    gpu::emulate({batch, 1, 1}, gpu::kNormThreads, gpu::kNormSharedBytes, [&] {
        if (out == gpu::KvFormat::BF16)
            gpu::normSequence<gpu::KvFormat::BF16>(args);
        else
            gpu::normSequence<gpu::KvFormat::F16>(args);
    });
}

void emulateActivation(gpu::KvFormat out, const gpu::ActivationArgs& args) {
    const LaunchGrid grid = activationGrid(args);
    gpu::emulate({grid.x, grid.y, grid.z}, gpu::kActivationThreads, 0, [&] {
        if (out == gpu::KvFormat::BF16)
            gpu::activateSequence<gpu::KvFormat::BF16>(args);
        else
            gpu::activateSequence<gpu::KvFormat::F16>(args);
    });
}

void emulateAppend(gpu::KvFormat format, const gpu::AppendArgs& args) {
    const LaunchGrid grid = appendGrid(args);
    gpu::withFormat(format, [&](auto known) {
        gpu::emulate({grid.x, grid.y, grid.z}, gpu::kAppendThreads, 0,
                     [&] { gpu::AppendKernel<decltype(known)::value>::run(args); });
        return true;
    });
}

} // namespace decodescope
