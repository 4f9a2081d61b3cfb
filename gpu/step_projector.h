// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "gpu/cublas_lt.h"
#include "gpu/gpu_runtime.h"
#include "gpu/step_plan.h"
#include "gpu/step_weights.h"

namespace decodescope {

/// Where projections of one shape read and write.
struct ProjectionRoom {
    const std::uint16_t* in = nullptr;
    float* sums = nullptr;              ///< [part][sequence][row]
    std::uint16_t* activated = nullptr; ///< with an activation
    std::byte* workspace = nullptr;     ///< CublasLt::kWorkspaceBytes, where it is used
};

/// Who multiplies matrices of one shape: our own kernel, or cuBLASLt and, where an activation
/// follows, our kernel for that.
struct Projector {
    ProjectionShape shape;
    ProjectionPlan plan;
    std::shared_ptr<const CublasLt::Product> product; ///< nullptr: our own kernel

    [[nodiscard]] int parts() const { return product ? 1 : plan.parts; }
    [[nodiscard]] int launches() const {
        return product && shape.activation != gpu::Activation::None ? 2 : 1;
    }
};

/// Queues one projection. Errors: those of GpuRuntime and of CublasLt.
[[nodiscard]] Status project(GpuRuntime& gpu, const Projector& projector, const GpuMatrix& matrix,
                             const ProjectionRoom& room);

/// Seconds of one projection, where each of `matrices` is multiplied in turn as one graph; the best
/// of a few runs, since anything else on the machine only adds. There is at least one matrix.
/// Errors: those of project().
[[nodiscard]] Result<double> secondsOf(GpuRuntime& gpu, const Projector& projector,
                                       std::span<const GpuMatrix> matrices,
                                       const ProjectionRoom& room);

/// Our own kernel, or cuBLASLt where that takes less time on this GPU: measured, not guessed.
/// Without a library, and for what it does not multiply, nothing is measured. Errors: those of
/// secondsOf().
[[nodiscard]] Result<Projector> fastestProjector(GpuRuntime& gpu, const CublasLt* library,
                                                 const ProjectionShape& shape,
                                                 std::span<const GpuMatrix> matrices,
                                                 const ProjectionRoom& room);

} // namespace decodescope
