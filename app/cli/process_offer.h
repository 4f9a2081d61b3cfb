// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace decodescope {

/// Offers this process first to the out-of-memory killer, so that a measurement that was too large
/// ends itself and nothing else. Does nothing where the system has no such notion.
void offerToOutOfMemoryKiller();

} // namespace decodescope
