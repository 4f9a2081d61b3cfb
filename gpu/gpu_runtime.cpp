// SPDX-License-Identifier: Apache-2.0
#include "gpu/gpu_runtime.h"

#include <utility>

namespace decodescope {

Result<DeviceBuffer> DeviceBuffer::make(std::shared_ptr<GpuRuntime> runtime, std::uint64_t bytes) {
    DeviceBuffer buffer;
    if (bytes > 0) {
        const Result<std::byte*> memory = runtime->allocate(bytes);
        if (!memory)
            return memory.error();
        buffer.m_data = *memory;
    }
    buffer.m_runtime = std::move(runtime);
    buffer.m_bytes = bytes;
    return buffer;
}

DeviceBuffer::~DeviceBuffer() {
    if (m_data)
        m_runtime->release(m_data);
}

void DeviceBuffer::swap(DeviceBuffer& other) noexcept {
    std::swap(m_runtime, other.m_runtime);
    std::swap(m_data, other.m_data);
    std::swap(m_bytes, other.m_bytes);
}

} // namespace decodescope
