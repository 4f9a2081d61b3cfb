// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

#include "core/spec/result.h"
#include "gpu/gpu_properties.h"
#include "gpu/kernel_launch.h"
#include "gpu/split_rule.h"

namespace decodescope {

/// Memory of a GPU, of all processes together.
struct GpuMemory {
    std::uint64_t totalBytes = 0;
    std::uint64_t freeBytes = 0;
};

/// Work of a GPU that was recorded once and is handed to it as a whole.
class GpuGraph {
public:
    virtual ~GpuGraph() = default;
    /// Queues it; does not wait.
    [[nodiscard]] virtual Status replay() = 0;
};

/// A moment in the GPU's queue.
class GpuEvent {
public:
    virtual ~GpuEvent() = default;
    /// Queues it; while a graph is captured it becomes part of that, and is recorded with each
    /// replay.
    [[nodiscard]] virtual Status record() = 0;
    /// How long after `earlier` the GPU came to this one. Precondition: both are of one runtime,
    /// recorded, and what they were queued with is done (GpuRuntime::synchronize()).
    [[nodiscard]] virtual Result<double> secondsSince(const GpuEvent& earlier) = 0;
};

/// One GPU in use: the one seam between what runs on a GPU and what runs it. Its work is one queue,
/// done in the order it was handed over. Errors are those of cudaError() everywhere; after a GPU is
/// lost each call fails. Owned and used by one thread, but for memory().
class GpuRuntime {
public:
    virtual ~GpuRuntime() = default;

    [[nodiscard]] virtual const std::string& deviceId() const = 0; ///< "cuda:0"
    [[nodiscard]] virtual const GpuProperties& properties() const = 0;
    /// May be called from a second thread while any other member runs.
    [[nodiscard]] virtual Result<GpuMemory> memory() = 0;

    /// `bytes` bytes at a multiple of 256, of undefined content. Errors: OutOfMemory with the bytes
    /// asked for and free. DeviceBuffer owns what this gives.
    [[nodiscard]] virtual Result<std::byte*> allocate(std::uint64_t bytes) = 0;
    /// After all queued work. What cannot be given back is not: the process's end does.
    virtual void release(std::byte* memory) noexcept = 0;
    /// Both copies come after all queued work, and are done when they return.
    [[nodiscard]] virtual Status copyToDevice(std::byte* to, const void* from,
                                              std::uint64_t bytes) = 0;
    [[nodiscard]] virtual Status copyToHost(void* to, const std::byte* from,
                                            std::uint64_t bytes) = 0;
    /// Queues that `bytes` bytes become `value`.
    [[nodiscard]] virtual Status setBytes(std::byte* to, std::uint8_t value,
                                          std::uint64_t bytes) = 0;

    /// Queues one launch. Args is the kernel's.
    template <typename Args>
    [[nodiscard]] Status launch(const KernelLaunch& what, const Args& args) {
        static_assert(std::is_trivially_copyable_v<Args>, "arguments are copied as bytes");
        return launchWith(what, &args, sizeof(args));
    }
    /// Blocks of such a launch that one SM runs at once.
    [[nodiscard]] virtual Result<int> blocksPerSm(const KernelLaunch& what) = 0;

    /// From here on launches, setBytes() and events are recorded and not done, until endCapture();
    /// no other member is called meanwhile. Where one of them fails, endCapture() is called all the
    /// same.
    [[nodiscard]] virtual Status beginCapture() = 0;
    [[nodiscard]] virtual Result<std::unique_ptr<GpuGraph>> endCapture() = 0;
    [[nodiscard]] virtual Result<std::unique_ptr<GpuEvent>> makeEvent() = 0;
    /// Waits for all queued work; what failed in it is told here.
    [[nodiscard]] virtual Status synchronize() = 0;
    /// Queues what a library of the GPU's maker does: `work` is given the queue as such libraries
    /// take it (cudaStream_t; nullptr where there is no such GPU), and hands its work over to it.
    /// It is called at once, or, where a GPU is emulated, when its turn comes.
    [[nodiscard]] virtual Status queueNative(std::function<Status(void* stream)> work) = 0;

    /// What splitting a context costs on this GPU: estimates until they are measured.
    [[nodiscard]] const SplitCosts& splitCosts() const { return m_splitCosts; }
    void setSplitCosts(const SplitCosts& costs) { m_splitCosts = costs; }

protected:
    [[nodiscard]] virtual Status launchWith(const KernelLaunch& what, const void* args,
                                            std::size_t argsBytes) = 0;

private:
    SplitCosts m_splitCosts;
};

/// Memory of a GPU with one owner.
class DeviceBuffer {
public:
    DeviceBuffer() = default;
    /// Errors: those of GpuRuntime::allocate(). Nothing is allocated for 0 bytes.
    [[nodiscard]] static Result<DeviceBuffer> make(std::shared_ptr<GpuRuntime> runtime,
                                                   std::uint64_t bytes);
    DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
    DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
        DeviceBuffer moved(std::move(other));
        swap(moved);
        return *this;
    }
    DeviceBuffer(const DeviceBuffer&) = delete;
    DeviceBuffer& operator=(const DeviceBuffer&) = delete;
    ~DeviceBuffer();

    [[nodiscard]] std::byte* data() const { return m_data; }
    [[nodiscard]] std::uint64_t bytes() const { return m_bytes; }
    template <typename T>
    [[nodiscard]] T* as() const {
        return reinterpret_cast<T*>(m_data);
    }

private:
    void swap(DeviceBuffer& other) noexcept;

    std::shared_ptr<GpuRuntime> m_runtime;
    std::byte* m_data = nullptr;
    std::uint64_t m_bytes = 0;
};

} // namespace decodescope
