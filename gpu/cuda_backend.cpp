// SPDX-License-Identifier: Apache-2.0
#include "gpu/cuda_backend.h"

#include <unistd.h>

#include <charconv>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "gpu/coverage.h"
#include "gpu/cuda_decoder.h"
#include "gpu/cuda_status.h"
#include "gpu/cudnn_decoder.h"
#include "gpu/gpu_ceilings.h"
#include "gpu/gpu_self_test.h"
#include "gpu/kernels/split_range.h"
#include "gpu/nvml.h"
#include "gpu/split_calibration.h"

namespace decodescope {
namespace {

/// 3 of "cuda:3".
std::optional<int> indexOf(const std::string& deviceId) {
    constexpr std::string_view kPrefix = "cuda:";
    if (deviceId.rfind(kPrefix, 0) != 0)
        return std::nullopt;
    int index = 0;
    const char* const end = deviceId.data() + deviceId.size();
    const auto [at, error] = std::from_chars(deviceId.data() + kPrefix.size(), end, index);
    if (error != std::errc{} || at != end || index < 0)
        return std::nullopt;
    return index;
}

/// Where the memory is not there for it, or the times do not tell, the estimates stay.
void calibrateSplits(const std::shared_ptr<GpuRuntime>& gpu) {
    const Result<SplitTimings> timings = measureSplits(gpu);
    if (!timings)
        return; // what is wrong with the GPU, the next call meets as well
    if (const std::optional<SplitCosts> costs = splitCostsOf(*timings))
        gpu->setSplitCosts(*costs);
}

/// The GPU, where it is one of the system's and can be used. Errors: DeviceUnavailable.
Result<std::shared_ptr<GpuRuntime>> openUsable(GpuSystem& system, const std::string& deviceId) {
    const Error unavailable{ErrorCode::DeviceUnavailable, "there is no such GPU", deviceId,
                            "Measure on the CPU with --device cpu."};
    const std::optional<int> index = indexOf(deviceId);
    if (!index)
        return unavailable;
    for (const DeviceInfo& device : cudaDeviceInfos(system.query())) {
        if (device.id != deviceId)
            continue;
        if (device.available) {
            Result<std::shared_ptr<GpuRuntime>> gpu = system.open(*index);
            if (gpu)
                calibrateSplits(*gpu);
            return gpu;
        }
        Error error = unavailable;
        error.what = device.reason;
        return error;
    }
    return unavailable;
}

class CudaBackend final : public Backend {
public:
    explicit CudaBackend(std::unique_ptr<GpuSystem> system)
        : m_system(std::move(system)), m_nvml(Nvml::open()) {}

    std::vector<DeviceInfo> devices() override {
        const CudaQuery query = m_system->query();
        const std::scoped_lock lock(m_mutex);
        for (const CudaDevice& device : query.devices)
            m_busIds[device.index] = device.busId;
        std::vector<DeviceInfo> infos = cudaDeviceInfos(query);
        for (DeviceInfo& info : infos)
            if (const auto found = m_ceilings.find(info.id); found != m_ceilings.end())
                info.ceilings = found->second;
        return infos;
    }

    MemoryReading readMemory(const std::string& deviceId) override {
        MemoryReading reading;
        const std::optional<int> index = indexOf(deviceId);
        if (!index)
            return reading;
        const CudaDevice device = m_system->memory(*index);
        if (!device.memoryKnown)
            return reading;
        reading.totalBytes = device.totalBytes;
        reading.availableBytes = device.freeBytes;
        if (const std::string busId = busIdOf(*index); m_nvml && !busId.empty())
            reading.processBytes =
                m_nvml->processBytes(busId, static_cast<std::uint32_t>(::getpid()));
        return reading;
    }

    DeviceConditions conditions(const std::string& deviceId) override {
        const std::optional<int> index = indexOf(deviceId);
        const std::string busId = index ? busIdOf(*index) : "";
        return m_nvml && !busId.empty() ? m_nvml->conditions(busId) : DeviceConditions{};
    }

    Result<Ceilings> measureCeilings(const std::string& deviceId, const CalibrationRequest& request,
                                     std::stop_token stop) override {
        const Result<std::shared_ptr<GpuRuntime>> gpu = opened(deviceId);
        if (!gpu)
            return gpu.error();
        Result<Ceilings> ceilings = measureGpuCeilings(*gpu, request, stop);
        if (ceilings) {
            const std::scoped_lock lock(m_mutex);
            m_ceilings[deviceId] = *ceilings;
        }
        return ceilings;
    }

    Status covers(const std::string& deviceId, const DecoderRequest& request) override {
        const Result<std::shared_ptr<GpuRuntime>> gpu = opened(deviceId);
        if (!gpu)
            return gpu.error();
        return coveredByGpu((*gpu)->properties(), request);
    }

    /// A GPU works as one thread, and a layer's attention is one launch there.
    AttentionUnits attentionUnits() const override {
        return {gpu::kSplitGrain, gpu::kLeastSplitTokens, std::numeric_limits<std::int64_t>::max(),
                1, true};
    }

    Result<std::unique_ptr<Decoder>> makeDecoder(const std::string& deviceId,
                                                 const DecoderRequest& request,
                                                 std::stop_token stop) override {
        const Result<std::shared_ptr<GpuRuntime>> gpu = opened(deviceId);
        if (!gpu)
            return gpu.error();
        return makeCudaDecoder(*gpu, request, stop,
                               request.scope == Scope::Step ? libraryFor(deviceId) : nullptr);
    }

    Status findPeer(const std::string& deviceId, const std::string& peer) override {
        if (peer != kCudnn)
            return Backend::findPeer(deviceId, peer);
        const Result<std::shared_ptr<CudnnLibrary>> library = CudnnLibrary::open();
        if (!library)
            return library.error();
        return Done{};
    }

    Result<std::unique_ptr<Decoder>> makePeer(const std::string& deviceId, const std::string& peer,
                                              const DecoderRequest& request,
                                              std::stop_token stop) override {
        if (peer != kCudnn)
            return Backend::findPeer(deviceId, peer).error();
        const Result<std::shared_ptr<GpuRuntime>> gpu = opened(deviceId);
        if (!gpu)
            return gpu.error();
        const Result<std::shared_ptr<CudnnLibrary>> library = CudnnLibrary::open();
        if (!library)
            return library.error();
        return makeCudnnDecoder(*gpu, *library, request, stop);
    }

private:
    static constexpr const char* kCudnn = "cudnn"; ///< a peer's name

    /// Opened once, and shared by all that uses it.
    Result<std::shared_ptr<GpuRuntime>> opened(const std::string& deviceId) {
        if (const auto found = m_gpus.find(deviceId); found != m_gpus.end())
            return found->second;
        Result<std::shared_ptr<GpuRuntime>> gpu = openUsable(*m_system, deviceId);
        if (gpu)
            m_gpus[deviceId] = *gpu;
        return gpu;
    }
    /// nullptr where there is none: our own kernels multiply then.
    std::shared_ptr<const CublasLt> libraryFor(const std::string& deviceId) {
        if (const auto found = m_libraries.find(deviceId); found != m_libraries.end())
            return found->second;
        Result<CublasLt> library = m_system->matrixLibrary();
        return m_libraries[deviceId] =
                   library ? std::make_shared<const CublasLt>(std::move(*library)) : nullptr;
    }
    std::string busIdOf(int index) {
        const std::scoped_lock lock(m_mutex);
        const auto found = m_busIds.find(index);
        return found == m_busIds.end() ? "" : found->second;
    }

    const std::unique_ptr<GpuSystem> m_system;
    const std::unique_ptr<Nvml> m_nvml; ///< nullptr where there is none
    std::map<std::string, std::shared_ptr<GpuRuntime>> m_gpus;
    std::map<std::string, std::shared_ptr<const CublasLt>> m_libraries;
    std::mutex m_mutex; ///< guards what follows: memory is read from a second thread
    std::map<int, std::string> m_busIds;
    std::map<std::string, Ceilings> m_ceilings; ///< the last measured
};

} // namespace

std::unique_ptr<Backend> makeCudaBackend(std::unique_ptr<GpuSystem> system) {
    return std::make_unique<CudaBackend>(std::move(system));
}

Result<CudaSelfTest> runCudaSelfTest(const std::string& deviceId, const SelfTestOptions& options,
                                     const SelfTestProgress& progress,
                                     const std::stop_token& stop) {
    const std::unique_ptr<GpuSystem> system = cudaSystem();
    const Result<std::shared_ptr<GpuRuntime>> gpu = openUsable(*system, deviceId);
    if (!gpu)
        return gpu.error();
    const Result<CublasLt> library = system->matrixLibrary();
    Result<std::vector<SelfTestResult>> results =
        runGpuSelfTest(*gpu, library ? &*library : nullptr, options, progress, stop);
    if (!results)
        return results.error();
    return CudaSelfTest{std::move(*results), library ? "" : library.error().sentence()};
}

} // namespace decodescope
