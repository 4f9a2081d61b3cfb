// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/models/table_data.h"
#include "core/profile/comparison.h"

namespace decodescope {

/// A comparison in words and numbers: a row a configuration, also those of one side alone.
[[nodiscard]] TableData compareTable(const Comparison& comparison);

/// What could not be compared and why, in a few lines; empty where all could.
[[nodiscard]] QString notComparedText(const Comparison& comparison);

} // namespace decodescope
