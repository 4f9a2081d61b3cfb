// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/spec/result.h"
#include "gpu/cudnn_api.h"
#include "gpu/dynamic_library.h"

namespace decodescope {

/// NVIDIA's cuDNN, opened at run time, with one handle on a GPU.
class CudnnLibrary {
public:
    /// Errors: DeviceUnavailable where there is no cuDNN 9, or one without the attention operation.
    [[nodiscard]] static Result<std::shared_ptr<CudnnLibrary>>
    open(const std::string& name = kLibrary);
    ~CudnnLibrary();
    CudnnLibrary(const CudnnLibrary&) = delete;
    CudnnLibrary& operator=(const CudnnLibrary&) = delete;

    [[nodiscard]] const cudnn::Calls& calls() const { return m_calls; }
    /// "9.13.1"
    [[nodiscard]] std::string version() const;
    /// Makes the handle on the current GPU; its work joins `stream` (cudaStream_t). Errors:
    /// those of failure().
    [[nodiscard]] Status use(void* stream);
    /// Precondition: use() succeeded.
    [[nodiscard]] cudnn::Handle handle() const { return m_handle; }

    /// What a call that failed tells, while `doing`. BadUsage for what cuDNN does not support or
    /// takes for wrong: it refuses the shape. RunFailed for all else.
    [[nodiscard]] Error failure(cudnn::Status status, const char* doing) const;

private:
    static constexpr const char* kLibrary = "libcudnn.so.9";

    explicit CudnnLibrary(DynamicLibrary library) : m_library(std::move(library)) {}
    [[nodiscard]] bool findCalls();

    DynamicLibrary m_library;
    cudnn::Calls m_calls;
    cudnn::Handle m_handle = nullptr;
};

} // namespace decodescope
