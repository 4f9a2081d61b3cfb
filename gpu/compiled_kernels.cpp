// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/compiled_kernels.h"

namespace decodescope::gpu {

const CompiledKernels& compiledKernels() {
    static const CompiledKernels kernels = [] {
        CompiledKernels all;
        addCompiledVectorKernels(all);
        addCompiledPacked16BitKernels(all);
        addCompiledPacked8BitKernels(all);
        addCompiledMemoryKernels(all);
        addCompiledPeakKernels(all);
        addCompiledProjectionKernels(all);
        addCompiledRowKernels(all);
        return all;
    }();
    return kernels;
}

} // namespace decodescope::gpu
