// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/engine/backend.h"

namespace decodescope {

/// The backend for the CPU this program runs on; its one device is "cpu".
[[nodiscard]] std::unique_ptr<Backend> makeCpuBackend();

} // namespace decodescope
