// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/step_instances.h"
#include "gpu/kernels/step_kernels.h"
#include "gpu/kernels/step_projection.h"

namespace decodescope::gpu {
namespace {

template <WeightFormat kFormat, int kBatch>
__global__ void __launch_bounds__(kProjectionThreads, projectionLeastBlocks(kBatch))
    multiplyWeights(const __grid_constant__ ProjectionArgs args) {
    ProjectionKernel<kFormat, kBatch>::run(args);
}

struct Address {
    const void* kernel = nullptr;
    template <WeightFormat kFormat, int kBatch>
    void visit() {
        kernel = reinterpret_cast<const void*>(&multiplyWeights<kFormat, kBatch>);
    }
};

} // namespace

const void* projectionKernel(WeightFormat format, int batch) {
    Address address;
    visitProjectionKernel(format, batch, address);
    return address.kernel;
}

} // namespace decodescope::gpu
