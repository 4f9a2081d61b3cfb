// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/spec/result.h"

namespace decodescope {

/// A call of the CUDA runtime that failed.
struct CudaFailure {
    int code = 0;      ///< cudaError_t
    std::string words; ///< the runtime's own: cudaGetErrorString
    /// As cudaDriverGetVersion: 13000 for 13.0; 0: no driver.
    int driverVersion = 0;
    std::uint64_t bytesAsked = 0; ///< of an allocation
    std::uint64_t bytesFree = 0;  ///< cudaMemGetInfo after it failed; 0: unknown
};

/// "13.0" from 13000; empty from 0.
[[nodiscard]] std::string cudaVersionText(int version);

/// What a failure means, as one sentence for people without a final stop.
[[nodiscard]] std::string cudaSentence(const CudaFailure& failure);

/// The Error a user is shown for a failure while `deviceId` was in use: DeviceUnavailable where the
/// GPU cannot be used (no driver, one too old, no GPU, held by another process, lost in mid-run),
/// OutOfMemory for an allocation, RunFailed where a kernel of ours is at fault.
[[nodiscard]] Error cudaError(const CudaFailure& failure, std::string_view deviceId);

} // namespace decodescope
