// SPDX-License-Identifier: Apache-2.0
#include "gpu/cuda_status.h"

#include <fmt/format.h>

#include "gpu/cuda_error.h"
#include "gpu/kernel_choice.h"

namespace decodescope {
namespace {

/// Why this GPU cannot be used; empty where it can.
std::string reasonOf(const CudaDevice& device, int driverVersion) {
    if (device.computeMajor * 10 + device.computeMinor < kOldestCapability)
        return fmt::format("compute capability {}.{} is too old: the kernels need {}.{}",
                           device.computeMajor, device.computeMinor, kOldestCapability / 10,
                           kOldestCapability % 10);
    if (device.error != 0)
        return cudaSentence({device.error, device.errorText, driverVersion});
    return "";
}

} // namespace

std::string cudaUnavailableReason(const CudaQuery& query) {
    if (!query.devices.empty())
        return "";
    if (!query.built)
        return "CUDA is not part of this build";
    constexpr int noDevice = 100; // cudaErrorNoDevice: none is there, and nothing failed
    return cudaSentence(
        {query.error == 0 ? noDevice : query.error, query.errorText, query.driverVersion});
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
        entry.reason = reasonOf(device, query.driverVersion);
        entry.available = entry.reason.empty();
        entry.threads = 1; // it works as one
        entry.memoryTotalBytes = device.totalBytes;
        if (device.memoryKnown)
            entry.memoryFreeBytes = device.freeBytes;
        if (device.l2Bytes > 0)
            entry.lastLevelCacheBytes = device.l2Bytes;
        entry.computeCapability = fmt::format("{}.{}", device.computeMajor, device.computeMinor);
        entry.driverVersion = cudaVersionText(query.driverVersion);
        entry.unitUses = unitUses(10 * device.computeMajor + device.computeMinor);
        infos.push_back(std::move(entry));
    }
    return infos;
}

} // namespace decodescope
