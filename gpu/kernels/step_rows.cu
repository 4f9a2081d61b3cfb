// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/kernel_instances.h"
#include "gpu/kernels/step_activation.h"
#include "gpu/kernels/step_append.h"
#include "gpu/kernels/step_kernels.h"
#include "gpu/kernels/step_norm.h"

namespace decodescope::gpu {
namespace {

template <KvFormat kOut>
__global__ void __launch_bounds__(kNormThreads) norm(const __grid_constant__ NormArgs args) {
    normSequence<kOut>(args);
}

template <KvFormat kOut>
__global__ void __launch_bounds__(kActivationThreads)
    activate(const __grid_constant__ ActivationArgs args) {
    activateSequence<kOut>(args);
}

template <KvFormat kFormat>
__global__ void __launch_bounds__(kAppendThreads) append(const __grid_constant__ AppendArgs args) {
    AppendKernel<kFormat>::run(args);
}

template <typename Kernel>
const void* addressOf(Kernel* kernel) {
    return reinterpret_cast<const void*>(kernel);
}

} // namespace

const void* normKernel(KvFormat out) {
    return out == KvFormat::BF16 ? addressOf(&norm<KvFormat::BF16>)
                                 : addressOf(&norm<KvFormat::F16>);
}

const void* activationKernel(KvFormat out) {
    return out == KvFormat::BF16 ? addressOf(&activate<KvFormat::BF16>)
                                 : addressOf(&activate<KvFormat::F16>);
}

const void* appendKernel(KvFormat format) {
    const void* kernel = nullptr;
    withFormat(format, [&kernel](auto known) {
        kernel = addressOf(&append<decltype(known)::value>);
        return true;
    });
    return kernel;
}

} // namespace decodescope::gpu
