// SPDX-License-Identifier: Apache-2.0
#include "gpu/attention_launch.h"

#include <cuda_runtime_api.h>

#include <string>

#include "gpu/cuda_error.h"
#include "gpu/kernels/attention_kernels.h"

namespace decodescope {
namespace {

std::string currentDevice() {
    int index = 0;
    (void)cudaGetDevice(&index);
    return "cuda:" + std::to_string(index);
}

/// Clears the error from the runtime and says what it means.
Error failure(cudaError_t error, const std::string& deviceId) {
    (void)cudaGetLastError();
    CudaFailure what;
    what.code = static_cast<int>(error);
    what.words = cudaGetErrorString(error);
    (void)cudaDriverGetVersion(&what.driverVersion);
    return cudaError(what, deviceId);
}

Error failure(cudaError_t error) {
    return failure(error, currentDevice());
}

const void* compiledKernel(const KernelChoice& kernel) {
    if (kernel.family == KernelFamily::Vector)
        return gpu::vectorKernel(kernel.format, kernel.paddedDim, kernel.heads);
    return gpu::elementBytes(kernel.format) == 2
               ? gpu::packedKernel16Bit(kernel.format, kernel.paddedDim, kernel.heads)
               : gpu::packedKernel8Bit(kernel.format, kernel.paddedDim, kernel.heads);
}

dim3 dimensions(const LaunchGrid& grid) {
    return {static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y),
            static_cast<unsigned>(grid.z)};
}

cudaError_t allowSharedMemory(const void* kernel, int bytes) {
    return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
}

cudaError_t launch(const void* kernel, const LaunchGrid& grid, int threads, int sharedBytes,
                   gpu::AttentionArgs& args, CudaStream stream) {
    void* parameters[] = {&args};
    return cudaLaunchKernel(kernel, dimensions(grid), dim3(static_cast<unsigned>(threads)),
                            parameters, static_cast<std::size_t>(sharedBytes),
                            static_cast<cudaStream_t>(stream));
}

} // namespace

Result<GpuProperties> queryGpuProperties(int index) {
    cudaDeviceProp told{};
    if (const cudaError_t error = cudaGetDeviceProperties(&told, index); error != cudaSuccess)
        return failure(error, "cuda:" + std::to_string(index));
    GpuProperties gpu;
    gpu.computeMajor = told.major;
    gpu.computeMinor = told.minor;
    gpu.smCount = told.multiProcessorCount;
    gpu.threadsPerSm = told.maxThreadsPerMultiProcessor;
    gpu.blocksPerSm = told.maxBlocksPerMultiProcessor;
    gpu.registersPerSm = told.regsPerMultiprocessor;
    gpu.sharedBytesPerSm = static_cast<int>(told.sharedMemPerMultiprocessor);
    gpu.sharedBytesPerBlock = static_cast<int>(told.sharedMemPerBlockOptin);
    gpu.reservedSharedBytesPerBlock = static_cast<int>(told.reservedSharedMemPerBlock);
    gpu.l2Bytes = static_cast<std::uint64_t>(told.l2CacheSize);
    return gpu;
}

Result<int> blocksAtOnce(const GpuProperties& device, const KernelChoice& kernel) {
    const void* const compiled = compiledKernel(kernel);
    int blocks = 0;
    cudaError_t error = allowSharedMemory(compiled, kernel.sharedBytes);
    if (error == cudaSuccess)
        error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(
            &blocks, compiled, kernel.threads, static_cast<std::size_t>(kernel.sharedBytes));
    if (error != cudaSuccess)
        return failure(error);
    return blocks * device.smCount;
}

Status launchAttention(const AttentionPlan& plan, gpu::AttentionArgs args, CudaStream stream) {
    args.splits = plan.splits;
    args.tile = plan.kernel.tile;
    const void* const kernel = compiledKernel(plan.kernel);
    cudaError_t error = allowSharedMemory(kernel, plan.kernel.sharedBytes);
    if (error == cudaSuccess)
        error =
            launch(kernel, plan.grid, plan.kernel.threads, plan.kernel.sharedBytes, args, stream);
    if (error == cudaSuccess && plan.combineThreads > 0)
        error =
            launch(gpu::combineKernel(), plan.combineGrid, plan.combineThreads, 0, args, stream);
    if (error != cudaSuccess)
        return failure(error);
    return Done{};
}

} // namespace decodescope
