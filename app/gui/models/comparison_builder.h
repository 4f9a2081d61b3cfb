// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include "app/gui/plots/compare_data.h"
#include "core/profile/comparison.h"

namespace decodescope {

class Session;

/// The Session's baseline (A) against what it holds beside it (B): what was measured or, where the
/// baseline is planned, the plans of all its contexts and batches. Nothing without a baseline.
[[nodiscard]] std::optional<Comparison> compareWithBaseline(const Session& session);

/// The same for a chart: variants wear what they wear elsewhere.
[[nodiscard]] CompareData compareData(const Comparison& comparison, const Session& session);

} // namespace decodescope
