// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/attention_packed.h"
#include "gpu/kernels/kernel_instances.h"

namespace decodescope::gpu {

template <KvFormat kFormat, int kDim, int kWarpRows>
__global__ void __launch_bounds__(packedMostThreads(kDim), packedLeastBlocks(kDim, kWarpRows))
    attendPacked(const __grid_constant__ AttentionArgs args) {
    PackedKernel<kFormat, kDim, kWarpRows>::run(args);
}

struct PackedAddress {
    const void* kernel = nullptr;
    template <KvFormat kFormat, int kDim, int kWarpRows>
    void visit() {
        kernel = reinterpret_cast<const void*>(&attendPacked<kFormat, kDim, kWarpRows>);
    }
};

/// Compiles the packed kernels of one format, and finds one.
template <KvFormat kFormat>
const void* packedKernelOf(int paddedDim, int warpRows) {
    PackedAddress address;
    visitPackedKernel<kFormat>(paddedDim, warpRows, address);
    return address.kernel;
}

} // namespace decodescope::gpu
