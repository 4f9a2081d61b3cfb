// SPDX-License-Identifier: Apache-2.0
#include "emulated_runtime.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "block_emulator.h"
#include "emulated_kernels.h"
#include "gpu/cuda_error.h"
#include "gpu/occupancy.h"

namespace decodescope {
namespace {

constexpr std::uint64_t kAlignment = 256;
constexpr int kMostRegisters = 255;
constexpr int kOutOfMemory = 2; // cudaErrorMemoryAllocation
constexpr int kInvalidValue = 1;

std::uint64_t roundedUp(std::uint64_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

} // namespace

class EmulatedRuntime::Graph final : public GpuGraph {
public:
    Graph(EmulatedRuntime& runtime, std::vector<Work> work)
        : m_runtime(runtime), m_work(std::move(work)) {}
    Status replay() override {
        if (Status status = m_runtime.called(); !status)
            return status;
        for (const Work& each : m_work)
            if (Status status = each(); !status)
                return status;
        return Done{};
    }

private:
    EmulatedRuntime& m_runtime;
    std::vector<Work> m_work;
};

class EmulatedRuntime::Event final : public GpuEvent {
public:
    explicit Event(EmulatedRuntime& runtime) : m_runtime(runtime) {}
    Status record() override {
        return m_runtime.queue([this]() -> Status {
            m_at = m_runtime.m_clock;
            return Done{};
        });
    }
    Result<double> secondsSince(const GpuEvent& earlier) override {
        if (Status status = m_runtime.called(); !status)
            return status.error();
        return m_at - static_cast<const Event&>(earlier).m_at;
    }

private:
    EmulatedRuntime& m_runtime;
    double m_at = 0;
};

EmulatedRuntime::~EmulatedRuntime() {
    for (const auto& [memory, bytes] : m_allocations)
        std::free(memory);
}

Status EmulatedRuntime::failed(int code, std::uint64_t bytesAsked) const {
    CudaFailure failure{code, "emulated", 13000, bytesAsked, 0};
    failure.bytesFree = m_gpu.totalBytes - std::min(m_gpu.totalBytes, m_heldBytes + m_othersBytes);
    return cudaError(failure, m_deviceId);
}

Status EmulatedRuntime::called() {
    ++m_calls;
    if (m_gpu.failingCall > 0 && m_calls >= m_gpu.failingCall)
        return failed(m_gpu.failure);
    return Done{};
}

bool EmulatedRuntime::holds(const std::byte* from, std::uint64_t bytes) const {
    auto after = m_allocations.upper_bound(const_cast<std::byte*>(from));
    if (after == m_allocations.begin())
        return false;
    --after;
    return from + bytes <= after->first + after->second;
}

Result<GpuMemory> EmulatedRuntime::memory() {
    // Not counted: another thread may call it at any time.
    const std::uint64_t held = m_heldBytes + m_othersBytes;
    return GpuMemory{m_gpu.totalBytes, m_gpu.totalBytes - std::min(m_gpu.totalBytes, held)};
}

Result<std::byte*> EmulatedRuntime::allocate(std::uint64_t bytes) {
    if (Status status = called(); !status)
        return status.error();
    const std::uint64_t held = m_heldBytes + m_othersBytes;
    if (held > m_gpu.totalBytes || roundedUp(bytes) > m_gpu.totalBytes - held)
        return failed(kOutOfMemory, bytes).error();
    auto* const memory = static_cast<std::byte*>(std::aligned_alloc(kAlignment, roundedUp(bytes)));
    if (!memory)
        return failed(kOutOfMemory, bytes).error();
    std::memset(memory, 0xFF, roundedUp(bytes));
    m_allocations[memory] = roundedUp(bytes);
    m_heldBytes += roundedUp(bytes);
    return memory;
}

void EmulatedRuntime::release(std::byte* memory) noexcept {
    const auto found = m_allocations.find(memory);
    m_heldBytes -= found->second;
    m_allocations.erase(found);
    std::free(memory);
}

Status EmulatedRuntime::copyToDevice(std::byte* to, const void* from, std::uint64_t bytes) {
    if (Status status = called(); !status)
        return status;
    if (!holds(to, bytes))
        return failed(kInvalidValue);
    std::memcpy(to, from, bytes);
    return Done{};
}

Status EmulatedRuntime::copyToHost(void* to, const std::byte* from, std::uint64_t bytes) {
    if (Status status = called(); !status)
        return status;
    if (!holds(from, bytes))
        return failed(kInvalidValue);
    std::memcpy(to, from, bytes);
    return Done{};
}

Status EmulatedRuntime::queue(Work work) {
    if (Status status = called(); !status)
        return status;
    if (!m_capturing)
        return work();
    m_captured.push_back(std::move(work));
    return Done{};
}

Status EmulatedRuntime::setBytes(std::byte* to, std::uint8_t value, std::uint64_t bytes) {
    if (!holds(to, bytes))
        return failed(kInvalidValue);
    return queue([to, value, bytes]() -> Status {
        std::memset(to, value, bytes);
        return Done{};
    });
}

Result<int> EmulatedRuntime::blocksPerSm(const KernelLaunch& what) {
    if (Status status = called(); !status)
        return status.error();
    const EmulatedKernel* const kernel = emulatedKernel(what.kernel);
    if (!kernel || what.threads > kernel->mostThreads)
        return failed(kInvalidValue).error();
    const int registers =
        m_gpu.properties.registersPerSm / (kernel->mostThreads * kernel->leastBlocks) / 8 * 8;
    return decodescope::blocksPerSm(m_gpu.properties, what.threads,
                                    std::min(registers, kMostRegisters), what.sharedBytes);
}

Status EmulatedRuntime::launchWith(const KernelLaunch& what, const void* args,
                                   std::size_t argsBytes) {
    const EmulatedKernel* const kernel = emulatedKernel(what.kernel);
    if (!kernel || kernel->argsBytes != argsBytes || what.threads > kernel->mostThreads ||
        what.sharedBytes > m_gpu.properties.sharedBytesPerBlock)
        return failed(kInvalidValue);
    const auto* const first = static_cast<const std::byte*>(args);
    // The vector aligns its bytes to 16, more than any argument asks for.
    return queue(
        [this, what, kernel, copy = std::vector<std::byte>(first, first + argsBytes)]() -> Status {
            ++m_launches;
            m_clock += kBlockSeconds * what.grid.x * what.grid.y * what.grid.z;
            if (!m_gpu.computes)
                return Done{};
            try {
                gpu::emulate({what.grid.x, what.grid.y, what.grid.z}, what.threads,
                             static_cast<std::size_t>(what.sharedBytes),
                             [&] { kernel->run(copy.data()); });
            } catch (const std::runtime_error& fault) {
                return Error{ErrorCode::RunFailed, fault.what(), m_deviceId, ""};
            }
            if (gpu::bankConflicts() > 0)
                return Error{ErrorCode::RunFailed, "matrix loads conflict in shared memory",
                             m_deviceId, ""};
            return Done{};
        });
}

Status EmulatedRuntime::queueNative(std::function<Status(void* stream)> work) {
    return queue([this, work = std::move(work)]() -> Status {
        m_clock += m_gpu.nativeSeconds;
        return m_gpu.computes ? work(nullptr) : Done{};
    });
}

Status EmulatedRuntime::beginCapture() {
    m_capturing = true;
    m_captured.clear();
    return called();
}

Result<std::unique_ptr<GpuGraph>> EmulatedRuntime::endCapture() {
    m_capturing = false;
    if (Status status = called(); !status)
        return status.error();
    return std::unique_ptr<GpuGraph>(std::make_unique<Graph>(*this, std::exchange(m_captured, {})));
}

Result<std::unique_ptr<GpuEvent>> EmulatedRuntime::makeEvent() {
    if (Status status = called(); !status)
        return status.error();
    return std::unique_ptr<GpuEvent>(std::make_unique<Event>(*this));
}

} // namespace decodescope
