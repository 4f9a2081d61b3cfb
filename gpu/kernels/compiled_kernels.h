// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "gpu/kernels/kernel_id.h"

namespace decodescope::gpu {

/// A kernel as cudaLaunchKernel() and cudaFuncSetAttribute() take it.
struct CompiledKernel {
    KernelId id;
    const void* function = nullptr;
    std::size_t argsBytes = 0; ///< of its one parameter
};

/// The table that the list of a source's kernels is added to where nvcc compiles them.
struct CompiledKernels {
    std::vector<CompiledKernel> all;
    /// Defined in kernel_entry.cuh.
    template <typename Kernel>
    void add();
};

/// All of this build.
[[nodiscard]] const CompiledKernels& compiledKernels();

// One function a source.
void addCompiledVectorKernels(CompiledKernels& kernels);
void addCompiledPacked16BitKernels(CompiledKernels& kernels);
void addCompiledPacked8BitKernels(CompiledKernels& kernels);
void addCompiledMemoryKernels(CompiledKernels& kernels);
void addCompiledPeakKernels(CompiledKernels& kernels);
void addCompiledProjectionKernels(CompiledKernels& kernels);
void addCompiledRowKernels(CompiledKernels& kernels);

} // namespace decodescope::gpu
