// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "app/gui/models/overview_builder.h"
#include "app/gui/models/run_store.h"
#include "app/gui/plots/memory_stack_data.h"

namespace decodescope {

/// The memory of the variant of this index: the whole step as it is planned, and what the runs
/// allocated for it. `overview` is made from `input`. An index that is not there: no data.
[[nodiscard]] MemoryStackData buildMemoryStack(const OverviewInput& input,
                                               const OverviewData& overview, std::size_t variant,
                                               const std::vector<Run>& runs);

/// What the worker's process held beyond its ledger when this Sample of the recording was taken,
/// in bytes. Absent where the recording has no reading of that moment, or where it cannot be told
/// which of several runs a reading is of.
[[nodiscard]] std::optional<double> bytesBeyondLedger(const Recording& recording,
                                                      const Sample& sample);

} // namespace decodescope
