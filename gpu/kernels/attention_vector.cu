// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/attention_combine.h"
#include "gpu/kernels/attention_kernels.h"
#include "gpu/kernels/attention_vector.h"
#include "gpu/kernels/kernel_instances.h"

namespace decodescope::gpu {
namespace {

template <KvFormat kFormat, int kDim, int kHeads>
__global__ void __launch_bounds__(kVectorThreads, vectorLeastBlocks(kHeads))
    attendVector(const __grid_constant__ AttentionArgs args) {
    VectorKernel<kFormat, kDim, kHeads>::run(args);
}

__global__ void combine(const __grid_constant__ AttentionArgs args) {
    combineSplits(args);
}

struct Address {
    const void* kernel = nullptr;
    template <KvFormat kFormat, int kDim, int kHeads>
    void visit() {
        kernel = reinterpret_cast<const void*>(&attendVector<kFormat, kDim, kHeads>);
    }
};

} // namespace

const void* vectorKernel(KvFormat format, int paddedDim, int heads) {
    Address address;
    withFormat(format, [&](auto known) {
        return visitVectorKernel<decltype(known)::value>(paddedDim, heads, address);
    });
    return address.kernel;
}

const void* combineKernel() {
    return reinterpret_cast<const void*>(&combine);
}

} // namespace decodescope::gpu
