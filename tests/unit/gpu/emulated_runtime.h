// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "gpu/gpu_runtime.h"

namespace decodescope {

/// What an emulated GPU is like.
struct EmulatedGpu {
    GpuProperties properties;
    std::uint64_t totalBytes = std::uint64_t{1} << 28;
    std::uint64_t othersBytes = 0; ///< that other processes hold
    int failingCall = 0;           ///< the first call that fails, counted from 1; 0: none does
    int failure = 999;             ///< cudaError_t of it and of all later ones: lost
    double nativeSeconds = 0;      ///< that a library's work takes by the clock
    bool computes = true;          ///< false: launches are counted and nothing is computed
};

/// A GPU that is not there: memory is the host's and begins as NaN, kernels run in the block
/// emulator. Its clock tells kBlockSeconds for each block of a launch, whatever that takes here.
class EmulatedRuntime final : public GpuRuntime {
public:
    static constexpr double kBlockSeconds = 1e-6;

    explicit EmulatedRuntime(const EmulatedGpu& gpu) : m_gpu(gpu) {}
    ~EmulatedRuntime() override;
    EmulatedRuntime(const EmulatedRuntime&) = delete;
    EmulatedRuntime& operator=(const EmulatedRuntime&) = delete;

    [[nodiscard]] int calls() const { return m_calls; }
    [[nodiscard]] int launches() const { return m_launches; } ///< each of a graph's replays too
    [[nodiscard]] std::uint64_t heldBytes() const { return m_heldBytes; }
    void setOthersBytes(std::uint64_t bytes) { m_othersBytes = bytes; }
    /// Of the next calls number `call` (from 1) and all later ones fail with this cudaError_t.
    void failFrom(int call, int failure) {
        m_gpu.failingCall = m_calls + call;
        m_gpu.failure = failure;
    }

    const std::string& deviceId() const override { return m_deviceId; }
    const GpuProperties& properties() const override { return m_gpu.properties; }
    Result<GpuMemory> memory() override;
    Result<std::byte*> allocate(std::uint64_t bytes) override;
    void release(std::byte* memory) noexcept override;
    Status copyToDevice(std::byte* to, const void* from, std::uint64_t bytes) override;
    Status copyToHost(void* to, const std::byte* from, std::uint64_t bytes) override;
    Status setBytes(std::byte* to, std::uint8_t value, std::uint64_t bytes) override;
    Result<int> blocksPerSm(const KernelLaunch& what) override;
    Status beginCapture() override;
    Result<std::unique_ptr<GpuGraph>> endCapture() override;
    Result<std::unique_ptr<GpuEvent>> makeEvent() override;
    Status synchronize() override { return called(); }
    Status queueNative(std::function<Status(void* stream)> work) override;

protected:
    Status launchWith(const KernelLaunch& what, const void* args, std::size_t argsBytes) override;

private:
    class Graph;
    class Event;
    using Work = std::function<Status()>;

    /// Counts a call, and fails where it is to fail.
    [[nodiscard]] Status called();
    [[nodiscard]] Status failed(int code, std::uint64_t bytesAsked = 0) const;
    [[nodiscard]] bool holds(const std::byte* from, std::uint64_t bytes) const;
    /// Does the work now, or records it.
    [[nodiscard]] Status queue(Work work);

    const std::string m_deviceId = "cuda:0";
    EmulatedGpu m_gpu;
    int m_calls = 0;
    int m_launches = 0;
    double m_clock = 0; ///< seconds
    bool m_capturing = false;
    std::vector<Work> m_captured;
    std::map<std::byte*, std::uint64_t> m_allocations; ///< bytes of each
    std::atomic<std::uint64_t> m_heldBytes = 0, m_othersBytes = m_gpu.othersBytes;
};

} // namespace decodescope
