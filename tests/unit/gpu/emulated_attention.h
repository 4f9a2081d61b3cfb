// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attention_case.h"

namespace decodescope {

/// Runs what is planned for `gpu` through the emulator and returns the error against the reference.
/// Throws std::runtime_error where the emulator found a fault, or nothing was planned.
[[nodiscard]] double emulatedError(const GpuProperties& gpu, const AttentionCase& test);

} // namespace decodescope
