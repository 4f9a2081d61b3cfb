// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/profile/probe_result.h"

namespace decodescope {

/// Keys of a ProbeResult's record, in the order people read them.
[[nodiscard]] std::span<const std::string_view> probeKeys();

/// A probe for people: predicted beside measured as a Markdown table, then what ended it and what
/// proved it. Ends with a line end.
[[nodiscard]] std::string probeText(const ProbeResult& result);

} // namespace decodescope
