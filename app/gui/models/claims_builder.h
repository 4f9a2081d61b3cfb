// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "core/profile/claims.h"

namespace decodescope {

class Session;

/// The claims, weighed with what the Session holds: its model, its device, its types and, where
/// the device can be measured, its Samples.
[[nodiscard]] std::vector<Claim> claimsOf(const Session& session);

} // namespace decodescope
