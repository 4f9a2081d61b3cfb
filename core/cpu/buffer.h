// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace decodescope {

/// Memory that the kernels read: starts on a 64-byte boundary (2 MiB and huge pages where it is
/// large), zero until written, and resident only once touched. Counts exactly the bytes asked for.
class Buffer {
public:
    Buffer() = default;
    /// valid() is false where the system refuses.
    explicit Buffer(std::uint64_t bytes);
    ~Buffer();
    Buffer(Buffer&& other) noexcept;
    Buffer& operator=(Buffer&& other) noexcept;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    [[nodiscard]] bool valid() const { return m_data != nullptr || m_bytes == 0; }
    [[nodiscard]] std::byte* data() { return m_data; }
    [[nodiscard]] const std::byte* data() const { return m_data; }
    [[nodiscard]] std::uint64_t bytes() const { return m_bytes; }
    template <typename T>
    [[nodiscard]] T* as() {
        return reinterpret_cast<T*>(m_data);
    }

private:
    void release() noexcept;

    std::byte* m_data = nullptr;
    std::uint64_t m_bytes = 0;
    std::uint64_t m_mappedBytes = 0; ///< 0: from the heap
};

} // namespace decodescope
