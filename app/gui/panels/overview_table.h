// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/models/table_data.h"
#include "app/gui/plots/overview_data.h"

namespace decodescope {

/// The Overview in words and numbers: a row a variant.
[[nodiscard]] TableData overviewTable(const OverviewData& overview);

} // namespace decodescope
