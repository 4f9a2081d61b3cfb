// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/step_activation.h"
#include "gpu/kernels/step_append.h"
#include "gpu/kernels/step_norm.h"

namespace decodescope::gpu {

/// The kernels of a step that read no weights.
template <typename Table>
void addRowKernels(Table& table) {
    table.template add<NormKernel<KvFormat::F16>>();
    table.template add<NormKernel<KvFormat::BF16>>();
    table.template add<ActivationKernel<KvFormat::F16>>();
    table.template add<ActivationKernel<KvFormat::BF16>>();
    table.template add<AppendKernel<KvFormat::F16>>();
    table.template add<AppendKernel<KvFormat::BF16>>();
    table.template add<AppendKernel<KvFormat::E4M3>>();
    table.template add<AppendKernel<KvFormat::Int8>>();
}

} // namespace decodescope::gpu
