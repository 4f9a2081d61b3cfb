// SPDX-License-Identifier: Apache-2.0
#include "gpu/cuda_status.h"

#include <fmt/format.h>

namespace decodescope {
namespace {

// Values of cudaError_t that have a sentence of their own (CUDA Runtime API, "Data types").
constexpr int kInsufficientDriver = 35;
constexpr int kNoDevice = 100;

/// The decode kernels of this version run on the CPU; a GPU is found, described and planned for.
constexpr const char* kNoKernels =
    "this version measures on the CPU only; for this GPU it plans from the datasheet";

} // namespace

std::string cudaVersionText(int version) {
    if (version <= 0)
        return "";
    return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

std::string cudaUnavailableReason(const CudaQuery& query) {
    if (!query.devices.empty())
        return "";
    if (!query.built)
        return "CUDA is not part of this build";
    if (query.error == kInsufficientDriver && query.driverVersion == 0)
        return "no NVIDIA driver";
    if (query.error == kInsufficientDriver)
        return fmt::format("the NVIDIA driver is too old (it supports CUDA {})",
                           cudaVersionText(query.driverVersion));
    if (query.error == kNoDevice || query.error == 0)
        return "no NVIDIA GPU found";
    return fmt::format("CUDA error {}: {}", query.error, query.errorText);
}

std::vector<DeviceInfo> cudaDeviceInfos(const CudaQuery& query) {
    if (query.devices.empty()) {
        DeviceInfo none;
        none.id = "cuda:0";
        none.name = "NVIDIA GPU";
        none.backend = "cuda";
        none.reason = cudaUnavailableReason(query);
        none.driverVersion = cudaVersionText(query.driverVersion);
        return {none};
    }
    std::vector<DeviceInfo> infos;
    for (const CudaDevice& device : query.devices) {
        DeviceInfo entry;
        entry.id = fmt::format("cuda:{}", device.index);
        entry.name = device.name;
        entry.backend = "cuda";
        entry.available = false;
        entry.reason = kNoKernels;
        entry.memoryTotalBytes = device.totalBytes;
        if (device.memoryKnown)
            entry.memoryFreeBytes = device.freeBytes;
        if (device.l2Bytes > 0)
            entry.lastLevelCacheBytes = device.l2Bytes;
        entry.computeCapability = fmt::format("{}.{}", device.computeMajor, device.computeMinor);
        entry.driverVersion = cudaVersionText(query.driverVersion);
        infos.push_back(std::move(entry));
    }
    return infos;
}

} // namespace decodescope
