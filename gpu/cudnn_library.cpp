// SPDX-License-Identifier: Apache-2.0
#include "gpu/cudnn_library.h"

#include <array>

#include <fmt/format.h>

namespace decodescope {
namespace {

/// The first version whose attention is one operation that works.
constexpr std::size_t kLeastVersion = 91301;

Error unavailable(const std::string& what) {
    return {ErrorCode::DeviceUnavailable, what, "--peer cudnn",
            "Install cuDNN 9 (a package of the system, or pip's nvidia-cudnn), and let "
            "LD_LIBRARY_PATH name its folder."};
}

std::string versionText(std::size_t version) {
    constexpr std::size_t kMajor = 10000;
    constexpr std::size_t kMinor = 100;
    return fmt::format("{}.{}.{}", version / kMajor, version % kMajor / kMinor, version % kMinor);
}

} // namespace

Result<std::shared_ptr<CudnnLibrary>> CudnnLibrary::open(const std::string& name) {
    std::optional<DynamicLibrary> library = DynamicLibrary::open(name);
    if (!library)
        return unavailable(fmt::format("cuDNN is not installed: {} was not found", name));
    std::shared_ptr<CudnnLibrary> opened(new CudnnLibrary(std::move(*library)));
    if (!opened->findCalls())
        return unavailable(fmt::format("{} has not the calls of cuDNN 9", name));
    if (opened->m_calls.version() < kLeastVersion)
        return unavailable(fmt::format("cuDNN {} is too old: attention is one operation since {}",
                                       opened->version(), versionText(kLeastVersion)));
    return opened;
}

CudnnLibrary::~CudnnLibrary() {
    if (m_handle)
        m_calls.destroy(m_handle);
}

bool CudnnLibrary::findCalls() {
    const auto find = [this](const char* symbol, auto& call) {
        return m_library.find(symbol, call);
    };
    return find("cudnnGetVersion", m_calls.version) && find("cudnnCreate", m_calls.create) &&
           find("cudnnDestroy", m_calls.destroy) && find("cudnnSetStream", m_calls.setStream) &&
           find("cudnnGetErrorString", m_calls.errorString) &&
           find("cudnnGetLastErrorString", m_calls.lastErrorString) &&
           find("cudnnBackendCreateDescriptor", m_calls.createDescriptor) &&
           find("cudnnBackendDestroyDescriptor", m_calls.destroyDescriptor) &&
           find("cudnnBackendFinalize", m_calls.finalize) &&
           find("cudnnBackendSetAttribute", m_calls.setAttribute) &&
           find("cudnnBackendGetAttribute", m_calls.getAttribute) &&
           find("cudnnBackendExecute", m_calls.execute);
}

std::string CudnnLibrary::version() const {
    return versionText(m_calls.version());
}

Status CudnnLibrary::use(void* stream) {
    if (!m_handle)
        if (const cudnn::Status status = m_calls.create(&m_handle); status != cudnn::kSuccess) {
            m_handle = nullptr;
            return failure(status, "starting");
        }
    if (const cudnn::Status status = m_calls.setStream(m_handle, stream); status != cudnn::kSuccess)
        return failure(status, "taking the stream");
    return Done{};
}

Error CudnnLibrary::failure(cudnn::Status status, const char* doing) const {
    std::array<char, 512> last{};
    m_calls.lastErrorString(last.data(), last.size());
    last.back() = '\0';
    std::string words = last.front() != '\0' ? last.data() : m_calls.errorString(status);
    while (!words.empty() && (words.back() == '\n' || words.back() == '.'))
        words.pop_back();
    const int category = status / cudnn::kCategory;
    if (category == cudnn::kBadParameter || category == cudnn::kNotSupported)
        return {ErrorCode::BadUsage,
                fmt::format("cuDNN {} refuses this shape: {}", version(), words), "--peer cudnn",
                ""};
    return {ErrorCode::RunFailed,
            fmt::format("cuDNN {} failed while {}: {}", version(), doing, words), "--peer cudnn",
            "Measure without --peer."};
}

} // namespace decodescope
