// SPDX-License-Identifier: Apache-2.0
#include "gpu/cuda_query.h"

#include <cuda_runtime_api.h>

#include "gpu/nvml.h"

namespace decodescope {
namespace {

/// Notes the first failure and clears it from the runtime. True where the call succeeded.
bool succeeded(CudaQuery& query, cudaError_t error) {
    if (error == cudaSuccess)
        return true;
    (void)cudaGetLastError();
    if (query.error == 0) {
        query.error = static_cast<int>(error);
        query.errorText = cudaGetErrorString(error);
    }
    return false;
}

} // namespace

CudaDevice queryCudaMemory(int index) {
    CudaDevice device;
    device.index = index;
    std::size_t freeBytes = 0;
    std::size_t totalBytes = 0;
    cudaError_t error = cudaSetDevice(index);
    if (error == cudaSuccess)
        error = cudaMemGetInfo(&freeBytes, &totalBytes);
    if (error != cudaSuccess) {
        (void)cudaGetLastError();
        device.error = static_cast<int>(error);
        device.errorText = cudaGetErrorString(error);
        return device;
    }
    device.freeBytes = freeBytes;
    device.totalBytes = totalBytes;
    device.memoryKnown = true;
    return device;
}

CudaQuery queryCuda() {
    CudaQuery query;
    query.built = true;
    (void)cudaDriverGetVersion(&query.driverVersion);
    int count = 0;
    if (!succeeded(query, cudaGetDeviceCount(&count)))
        return query;
    for (int index = 0; index < count; ++index) {
        cudaDeviceProp properties{};
        if (!succeeded(query, cudaGetDeviceProperties(&properties, index)))
            continue;
        CudaDevice device = queryCudaMemory(index);
        device.name = properties.name;
        device.computeMajor = properties.major;
        device.computeMinor = properties.minor;
        device.totalBytes = properties.totalGlobalMem;
        device.l2Bytes = static_cast<std::uint64_t>(properties.l2CacheSize);
        device.busId =
            pciBusId(properties.pciDomainID, properties.pciBusID, properties.pciDeviceID);
        query.devices.push_back(std::move(device));
    }
    return query;
}

} // namespace decodescope
