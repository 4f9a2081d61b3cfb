// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/step_formats.h"

/// The projection kernels that are compiled: the one list, for who compiles, launches or tests them
/// (as kernel_instances.h is for attention).
namespace decodescope::gpu {

/// Sequences that the kernel for `batch` of them is compiled for.
constexpr int compiledBatch(int batch) {
    return batch <= 2 ? batch : batch <= 4 ? 4 : 8;
}

/// ProjectionKernel<kFormat, batch>, as visitor.template visit<kFormat, kBatch>(); false where
/// there is none.
template <WeightFormat kFormat, typename Visitor>
bool visitProjectionKernel(int batch, Visitor&& visitor) {
    switch (batch) {
    case 1:
        return visitor.template visit<kFormat, 1>(), true;
    case 2:
        return visitor.template visit<kFormat, 2>(), true;
    case 4:
        return visitor.template visit<kFormat, 4>(), true;
    case 8:
        return visitor.template visit<kFormat, 8>(), true;
    default:
        return false;
    }
}

/// The same for a format known at run time.
template <typename Visitor>
bool visitProjectionKernel(WeightFormat format, int batch, Visitor&& visitor) {
    switch (format) {
    case WeightFormat::F16:
        return visitProjectionKernel<WeightFormat::F16>(batch, visitor);
    case WeightFormat::BF16:
        return visitProjectionKernel<WeightFormat::BF16>(batch, visitor);
    case WeightFormat::Q8:
        return visitProjectionKernel<WeightFormat::Q8>(batch, visitor);
    case WeightFormat::Q4:
        return visitProjectionKernel<WeightFormat::Q4>(batch, visitor);
    }
    return false;
}

} // namespace decodescope::gpu
