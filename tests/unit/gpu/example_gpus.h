// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "core/spec/units.h"
#include "gpu/gpu_properties.h"

namespace decodescope {

/// What cudaGetDeviceProperties says of GPUs of every generation from 7.5 on (CUDA Programming
/// Guide, "Technical specifications per compute capability"; the products' datasheets).
struct ExampleGpu {
    const char* name;
    GpuProperties properties;
};

inline constexpr ExampleGpu kExampleGpus[] = {
    {"T4", {7, 5, 40, 1024, 16, 65536, 65536, 65536, 0, 4 * kMiB}},
    {"A100", {8, 0, 108, 2048, 32, 65536, 167936, 166912, 1024, 40 * kMiB}},
    {"RTX 3090", {8, 6, 82, 1536, 16, 65536, 102400, 101376, 1024, 6 * kMiB}},
    {"RTX 4090", {8, 9, 128, 1536, 24, 65536, 102400, 101376, 1024, 72 * kMiB}},
    {"H100 SXM", {9, 0, 132, 2048, 32, 65536, 233472, 232448, 1024, 50 * kMiB}},
    {"H200", {9, 0, 132, 2048, 32, 65536, 233472, 232448, 1024, 50 * kMiB}},
    {"B200", {10, 0, 148, 2048, 32, 65536, 233472, 232448, 1024, 126 * kMiB}},
    {"RTX 5090", {12, 0, 170, 1536, 24, 65536, 102400, 101376, 1024, 96 * kMiB}},
};

[[nodiscard]] constexpr const GpuProperties& exampleGpu(std::string_view name) {
    for (const ExampleGpu& each : kExampleGpus)
        if (name == each.name)
            return each.properties;
    return kExampleGpus[0].properties;
}

} // namespace decodescope
