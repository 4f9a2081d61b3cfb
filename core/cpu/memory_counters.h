// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/engine/memory_ledger.h"

namespace decodescope {

/// The machine's memory, or this container's limit where that is lower. Takes microseconds; may be
/// called from any thread.
[[nodiscard]] MemoryReading readSystemMemory();

} // namespace decodescope
