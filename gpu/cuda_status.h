// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/engine/backend.h"
#include "gpu/cuda_query.h"

namespace decodescope {

/// Why CUDA cannot be used, as one sentence for people; empty where a device was found.
[[nodiscard]] std::string cudaUnavailableReason(const CudaQuery& query);

/// The devices people are shown: one entry a GPU, or one unavailable entry with the reason.
[[nodiscard]] std::vector<DeviceInfo> cudaDeviceInfos(const CudaQuery& query);

} // namespace decodescope
