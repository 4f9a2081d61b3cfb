// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/spec/data_type.h"
#include "core/spec/result.h"
#include "gpu/gpu_properties.h"
#include "gpu/kernel_launch.h"
#include "gpu/kernels/step_args.h"
#include "gpu/kernels/step_formats.h"

namespace decodescope {

/// One linear layer of a decode step.
struct ProjectionShape {
    gpu::WeightFormat format = gpu::WeightFormat::F16;
    int rows = 0;
    int columns = 0;
    int batch = 1; ///< sequences
    gpu::Activation activation = gpu::Activation::None;
    bool operator==(const ProjectionShape&) const = default;
};

/// How our own kernel runs it.
struct ProjectionPlan {
    int batch = 1;   ///< sequences that the kernel is compiled for
    int sharers = 1; ///< warps on a row
    int parts = 1;   ///< of the columns, with sums of their own
    KernelLaunch launch;
};

/// The format of the kernels for a weights type. Errors: BadUsage for a type that they do not read.
[[nodiscard]] Result<gpu::WeightFormat> weightFormat(DataType type);

/// Columns that a matrix may have are a multiple of this.
[[nodiscard]] int columnGrain(gpu::WeightFormat format);

/// Weights with scales by matrix products of f16, which every GPU has; others by the vector kernel,
/// which needs no expansion and streams those of a step faster. Precondition: columns by
/// columnGrain().
[[nodiscard]] ProjectionPlan planProjection(const GpuProperties& device,
                                            const ProjectionShape& shape);
/// The arguments that shape and plan decide.
void fillIn(const ProjectionShape& shape, const ProjectionPlan& plan, gpu::ProjectionArgs& args);

/// Launches of the other kernels of a step; those that write 16 bits write `out`: F16 or BF16.
[[nodiscard]] KernelLaunch normLaunch(gpu::KvFormat out, int batch);
[[nodiscard]] KernelLaunch activationLaunch(gpu::KvFormat out, const gpu::ActivationArgs& args);
[[nodiscard]] KernelLaunch appendLaunch(gpu::KvFormat cache, const gpu::AppendArgs& args);

} // namespace decodescope
