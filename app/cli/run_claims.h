// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "core/engine/backend.h"
#include "core/profile/profiler.h"

namespace decodescope {

/// The claims about MHA, GQA and MQA as this run leaves them, as Markdown; `whole` adds what each
/// rests on. Empty where nothing was measured, or only a quick look, which says nothing of them.
[[nodiscard]] std::string claimsText(const RunRequest& request, const DeviceInfo& device,
                                     std::span<const Sample> samples, bool whole);

} // namespace decodescope
