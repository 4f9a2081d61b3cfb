// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "gpu/kernels/compiled_kernels.h"
#include "gpu/kernels/device_ops.h"

/// What a .cu needs to compile the kernels it lists.
namespace decodescope::gpu {

template <typename Kernel, typename = void>
inline constexpr bool kWaitsItself = false;
template <typename Kernel>
inline constexpr bool kWaitsItself<Kernel, std::enable_if_t<Kernel::kWaits>> = true;

template <typename Kernel>
__global__ void __launch_bounds__(Kernel::kMostThreads, Kernel::kLeastBlocks)
    kernelEntry(const __grid_constant__ typename Kernel::Args args) {
    letLaterWorkCome();
    if constexpr (!kWaitsItself<Kernel>)
        waitForEarlierWork();
    Kernel::run(args);
}

template <typename Kernel>
void CompiledKernels::add() {
    all.push_back({Kernel::id(), reinterpret_cast<const void*>(&kernelEntry<Kernel>),
                   sizeof(typename Kernel::Args)});
}

} // namespace decodescope::gpu
