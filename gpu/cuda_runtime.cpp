// SPDX-License-Identifier: Apache-2.0
#include "gpu/cuda_runtime.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cassert>
#include <string>

#include "gpu/cuda_error.h"
#include "gpu/kernels/compiled_kernels.h"

namespace decodescope {
namespace {

/// Compute capability (major) from which on a launch may begin while the one before it ends; the
/// kernels wait for its results themselves (kernels/kernel_entry.cuh).
constexpr int kFirstWithEarlyLaunch = 9;

/// Clears the error from the runtime and says what it means.
Error failure(cudaError_t error, const std::string& deviceId, std::uint64_t bytesAsked = 0) {
    (void)cudaGetLastError();
    CudaFailure what;
    what.code = static_cast<int>(error);
    what.words = cudaGetErrorString(error);
    (void)cudaDriverGetVersion(&what.driverVersion);
    what.bytesAsked = bytesAsked;
    std::size_t freeBytes = 0;
    std::size_t totalBytes = 0;
    if (bytesAsked > 0 && cudaMemGetInfo(&freeBytes, &totalBytes) == cudaSuccess)
        what.bytesFree = freeBytes;
    return cudaError(what, deviceId);
}

Status statusOf(cudaError_t error, const std::string& deviceId) {
    if (error != cudaSuccess)
        return failure(error, deviceId);
    return Done{};
}

GpuProperties propertiesOf(const cudaDeviceProp& told) {
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

class CudaGraph final : public GpuGraph {
public:
    CudaGraph(cudaGraphExec_t graph, cudaStream_t stream, std::string deviceId)
        : m_graph(graph), m_stream(stream), m_deviceId(std::move(deviceId)) {}
    ~CudaGraph() override { (void)cudaGraphExecDestroy(m_graph); }
    CudaGraph(const CudaGraph&) = delete;
    CudaGraph& operator=(const CudaGraph&) = delete;

    Status replay() override { return statusOf(cudaGraphLaunch(m_graph, m_stream), m_deviceId); }

private:
    cudaGraphExec_t m_graph;
    cudaStream_t m_stream;
    std::string m_deviceId;
};

class CudaEvent final : public GpuEvent {
public:
    CudaEvent(cudaEvent_t event, cudaStream_t stream, std::string deviceId)
        : m_event(event), m_stream(stream), m_deviceId(std::move(deviceId)) {}
    ~CudaEvent() override { (void)cudaEventDestroy(m_event); }
    CudaEvent(const CudaEvent&) = delete;
    CudaEvent& operator=(const CudaEvent&) = delete;

    Status record() override {
        cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
        cudaError_t error = cudaStreamIsCapturing(m_stream, &capturing);
        // In a graph only an external event is recorded with each replay.
        if (error == cudaSuccess)
            error = cudaEventRecordWithFlags(m_event, m_stream,
                                             capturing == cudaStreamCaptureStatusActive
                                                 ? cudaEventRecordExternal
                                                 : cudaEventRecordDefault);
        return statusOf(error, m_deviceId);
    }
    Result<double> secondsSince(const GpuEvent& earlier) override {
        float milliseconds = 0;
        if (const cudaError_t error = cudaEventElapsedTime(
                &milliseconds, static_cast<const CudaEvent&>(earlier).m_event, m_event);
            error != cudaSuccess)
            return failure(error, m_deviceId);
        return static_cast<double>(milliseconds) / 1000;
    }

private:
    cudaEvent_t m_event;
    cudaStream_t m_stream;
    std::string m_deviceId;
};

class CudaRuntime final : public GpuRuntime {
public:
    explicit CudaRuntime(int index) : m_index(index), m_deviceId("cuda:" + std::to_string(index)) {}
    ~CudaRuntime() override {
        if (m_stream)
            (void)cudaStreamDestroy(m_stream);
    }
    CudaRuntime(const CudaRuntime&) = delete;
    CudaRuntime& operator=(const CudaRuntime&) = delete;

    [[nodiscard]] Status open() {
        cudaDeviceProp told{};
        cudaError_t error = cudaGetDeviceProperties(&told, m_index);
        if (error == cudaSuccess)
            error = cudaSetDevice(m_index);
        if (error == cudaSuccess)
            error = cudaStreamCreateWithFlags(&m_stream, cudaStreamNonBlocking);
        if (error == cudaSuccess)
            m_properties = propertiesOf(told);
        return statusOf(error, m_deviceId);
    }

    const std::string& deviceId() const override { return m_deviceId; }
    const GpuProperties& properties() const override { return m_properties; }

    Result<GpuMemory> memory() override {
        std::size_t freeBytes = 0;
        std::size_t totalBytes = 0;
        cudaError_t error = cudaSetDevice(m_index);
        if (error == cudaSuccess)
            error = cudaMemGetInfo(&freeBytes, &totalBytes);
        if (error != cudaSuccess)
            return failure(error, m_deviceId);
        return GpuMemory{totalBytes, freeBytes};
    }

    Result<std::byte*> allocate(std::uint64_t bytes) override {
        void* memory = nullptr;
        if (const cudaError_t error = use(cudaMalloc, &memory, bytes); error != cudaSuccess)
            return failure(error, m_deviceId, bytes);
        return static_cast<std::byte*>(memory);
    }
    void release(std::byte* memory) noexcept override { (void)use(cudaFree, memory); }

    Status copyToDevice(std::byte* to, const void* from, std::uint64_t bytes) override {
        return copy(to, from, bytes, cudaMemcpyHostToDevice);
    }
    Status copyToHost(void* to, const std::byte* from, std::uint64_t bytes) override {
        return copy(to, from, bytes, cudaMemcpyDeviceToHost);
    }
    Status setBytes(std::byte* to, std::uint8_t value, std::uint64_t bytes) override {
        return statusOf(use(cudaMemsetAsync, to, value, bytes, m_stream), m_deviceId);
    }

    Result<int> blocksPerSm(const KernelLaunch& what) override {
        int blocks = 0;
        const gpu::CompiledKernel* const kernel = compiled(what.kernel);
        cudaError_t error = kernel ? allowSharedMemory(*kernel, what) : cudaErrorInvalidValue;
        if (error == cudaSuccess)
            error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(
                &blocks, kernel->function, what.threads,
                static_cast<std::size_t>(what.sharedBytes));
        if (error != cudaSuccess)
            return failure(error, m_deviceId);
        return blocks;
    }

    Status beginCapture() override {
        return statusOf(use(cudaStreamBeginCapture, m_stream, cudaStreamCaptureModeThreadLocal),
                        m_deviceId);
    }
    Result<std::unique_ptr<GpuGraph>> endCapture() override {
        cudaGraph_t graph = nullptr;
        cudaGraphExec_t instance = nullptr;
        cudaError_t error = cudaStreamEndCapture(m_stream, &graph);
        if (error == cudaSuccess)
            error = cudaGraphInstantiateWithFlags(&instance, graph, 0);
        if (graph)
            (void)cudaGraphDestroy(graph);
        if (error != cudaSuccess)
            return failure(error, m_deviceId);
        return std::unique_ptr<GpuGraph>(
            std::make_unique<CudaGraph>(instance, m_stream, m_deviceId));
    }
    Result<std::unique_ptr<GpuEvent>> makeEvent() override {
        cudaEvent_t event = nullptr;
        if (const cudaError_t error = use(cudaEventCreate, &event); error != cudaSuccess)
            return failure(error, m_deviceId);
        return std::unique_ptr<GpuEvent>(std::make_unique<CudaEvent>(event, m_stream, m_deviceId));
    }
    Status synchronize() override {
        return statusOf(use(cudaStreamSynchronize, m_stream), m_deviceId);
    }
    Status queueNative(std::function<Status(void* stream)> work) override {
        if (const cudaError_t error = cudaSetDevice(m_index); error != cudaSuccess)
            return failure(error, m_deviceId);
        return work(m_stream);
    }

protected:
    Status launchWith(const KernelLaunch& what, const void* args, std::size_t argsBytes) override {
        const gpu::CompiledKernel* const kernel = compiled(what.kernel);
        assert(!kernel || kernel->argsBytes == argsBytes);
        static_cast<void>(argsBytes);
        cudaError_t error = kernel ? allowSharedMemory(*kernel, what) : cudaErrorInvalidValue;
        if (error == cudaSuccess) {
            void* parameters[] = {const_cast<void*>(args)};
            cudaLaunchAttribute early{};
            early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
            early.val.programmaticStreamSerializationAllowed = 1;
            cudaLaunchConfig_t config{};
            config.gridDim = dimensions(what.grid);
            config.blockDim = dim3(static_cast<unsigned>(what.threads));
            config.dynamicSmemBytes = static_cast<std::size_t>(what.sharedBytes);
            config.stream = m_stream;
            config.attrs = &early;
            config.numAttrs = m_properties.computeMajor >= kFirstWithEarlyLaunch ? 1 : 0;
            error = cudaLaunchKernelExC(&config, kernel->function, parameters);
        }
        return statusOf(error, m_deviceId);
    }

private:
    /// Calls a function of the runtime on this GPU: which one is current is the thread's affair.
    template <typename Function, typename... Arguments>
    cudaError_t use(Function function, Arguments... arguments) {
        const cudaError_t error = cudaSetDevice(m_index);
        return error == cudaSuccess ? function(arguments...) : error;
    }

    Status copy(void* to, const void* from, std::uint64_t bytes, cudaMemcpyKind kind) {
        cudaError_t error = use(cudaMemcpyAsync, to, from, bytes, kind, m_stream);
        if (error == cudaSuccess)
            error = cudaStreamSynchronize(m_stream);
        return statusOf(error, m_deviceId);
    }

    static dim3 dimensions(const LaunchGrid& grid) {
        return {static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y),
                static_cast<unsigned>(grid.z)};
    }

    static const gpu::CompiledKernel* compiled(const gpu::KernelId& id) {
        const std::vector<gpu::CompiledKernel>& all = gpu::compiledKernels().all;
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.id == id; });
        return found == all.end() ? nullptr : &*found;
    }

    cudaError_t allowSharedMemory(const gpu::CompiledKernel& kernel, const KernelLaunch& what) {
        return use(
            static_cast<cudaError_t (*)(const void*, cudaFuncAttribute, int)>(cudaFuncSetAttribute),
            kernel.function, cudaFuncAttributeMaxDynamicSharedMemorySize, what.sharedBytes);
    }

    int m_index;
    std::string m_deviceId;
    GpuProperties m_properties;
    cudaStream_t m_stream = nullptr;
};

} // namespace

Result<std::shared_ptr<GpuRuntime>> openCudaRuntime(int index) {
    auto runtime = std::make_shared<CudaRuntime>(index);
    if (Status opened = runtime->open(); !opened)
        return opened.error();
    return std::shared_ptr<GpuRuntime>(std::move(runtime));
}

} // namespace decodescope
