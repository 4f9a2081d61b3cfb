// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/kv_format.h"
#include "gpu/kernels/step_args.h"
#include "gpu/step_plan.h"

/// The kernels of a decode step beside attention, run on the host by the block emulator. Pointers
/// are the host's. They throw std::runtime_error where the emulator found a fault.
namespace decodescope {

void emulateProjection(const ProjectionShape& shape, const ProjectionPlan& plan,
                       gpu::ProjectionArgs args);
void emulateNorm(gpu::KvFormat out, const gpu::NormArgs& args, int batch);
void emulateActivation(gpu::KvFormat out, const gpu::ActivationArgs& args);
void emulateAppend(gpu::KvFormat format, const gpu::AppendArgs& args);

} // namespace decodescope
