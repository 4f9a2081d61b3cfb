// SPDX-License-Identifier: Apache-2.0
#include "emulated_kernels.h"

#include <algorithm>
#include <vector>

#include "gpu/kernels/attention_packed.h"
#include "gpu/kernels/attention_vector.h"
#include "gpu/kernels/memory_kernels.h"
#include "gpu/kernels/peak_kernels.h"
#include "gpu/kernels/step_product.h"
#include "gpu/kernels/step_projection.h"
#include "gpu/kernels/step_rows.h"

namespace decodescope {
namespace {

struct EmulatedKernels {
    std::vector<EmulatedKernel> all;
    template <typename Kernel>
    void add() {
        using Args = typename Kernel::Args;
        all.push_back({Kernel::id(), sizeof(Args), Kernel::kMostThreads, Kernel::kLeastBlocks,
                       [](const void* args) { Kernel::run(*static_cast<const Args*>(args)); }});
    }
};

EmulatedKernels allKernels() {
    EmulatedKernels kernels;
    gpu::addVectorKernels(kernels);
    gpu::addPackedKernels<gpu::KvFormat::F16>(kernels);
    gpu::addPackedKernels<gpu::KvFormat::BF16>(kernels);
    gpu::addPackedKernels<gpu::KvFormat::E4M3>(kernels);
    gpu::addPackedKernels<gpu::KvFormat::Int8>(kernels);
    gpu::addMemoryKernels(kernels);
    gpu::addPeakKernels(kernels);
    gpu::addProjectionKernels(kernels);
    gpu::addProductKernels(kernels);
    gpu::addRowKernels(kernels);
    return kernels;
}

} // namespace

const EmulatedKernel* emulatedKernel(const gpu::KernelId& id) {
    static const EmulatedKernels kernels = allKernels();
    const auto found = std::find_if(kernels.all.begin(), kernels.all.end(),
                                    [&](const EmulatedKernel& each) { return each.id == id; });
    return found == kernels.all.end() ? nullptr : &*found;
}

} // namespace decodescope
