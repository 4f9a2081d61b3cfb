// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/buffer.h"

#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace decodescope {
namespace {

constexpr std::uint64_t kLine = 64;
constexpr std::uint64_t kHugePage = std::uint64_t{1} << 21;

std::uint64_t roundUp(std::uint64_t bytes, std::uint64_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

#if defined(__linux__)
/// A mapping that starts on a huge page, so that the kernel may back all of it with them.
std::byte* mapHuge(std::uint64_t mappedBytes) {
    const std::uint64_t reserved = mappedBytes + kHugePage;
    void* raw = mmap(nullptr, reserved, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (raw == MAP_FAILED)
        return nullptr;
    auto* first = static_cast<std::byte*>(raw);
    const std::uint64_t head =
        (kHugePage - reinterpret_cast<std::uintptr_t>(first) % kHugePage) % kHugePage;
    if (head > 0)
        munmap(first, head);
    if (kHugePage > head)
        munmap(first + head + mappedBytes, kHugePage - head);
    madvise(first + head, mappedBytes, MADV_HUGEPAGE);
    return first + head;
}
#endif

} // namespace

Buffer::Buffer(std::uint64_t bytes) : m_bytes(bytes) {
    if (bytes == 0 || bytes > std::numeric_limits<std::int64_t>::max() - 2 * kHugePage)
        return;
#if defined(__linux__)
    if (bytes >= kHugePage) {
        m_mappedBytes = roundUp(bytes, 4096);
        m_data = mapHuge(m_mappedBytes);
        return;
    }
#endif
    m_data = static_cast<std::byte*>(std::aligned_alloc(kLine, roundUp(bytes, kLine)));
    if (m_data)
        std::memset(m_data, 0, bytes);
}

Buffer::~Buffer() {
    release();
}

Buffer::Buffer(Buffer&& other) noexcept
    : m_data(std::exchange(other.m_data, nullptr)), m_bytes(std::exchange(other.m_bytes, 0)),
      m_mappedBytes(std::exchange(other.m_mappedBytes, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
    if (this != &other) {
        release();
        m_data = std::exchange(other.m_data, nullptr);
        m_bytes = std::exchange(other.m_bytes, 0);
        m_mappedBytes = std::exchange(other.m_mappedBytes, 0);
    }
    return *this;
}

void Buffer::release() noexcept {
#if defined(__linux__)
    if (m_mappedBytes > 0) {
        munmap(m_data, m_mappedBytes);
        return;
    }
#endif
    std::free(m_data);
}

} // namespace decodescope
