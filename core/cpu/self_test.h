// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <vector>

#include "core/engine/self_test.h"

namespace decodescope {

/// Runs the kernels of the instruction set in use (kernelTarget()) on shapes that break things and
/// compares each with the scalar reference. A stop request ends it early with what was done.
[[nodiscard]] std::vector<SelfTestResult> runCpuSelfTest(const SelfTestOptions& options,
                                                         const SelfTestProgress& progress,
                                                         const std::stop_token& stop);

} // namespace decodescope
