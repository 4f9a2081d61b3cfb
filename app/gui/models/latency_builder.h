// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <vector>

#include <QString>

#include "app/gui/models/run_store.h"
#include "app/gui/plots/latency_data.h"
#include "app/gui/plots/overview_data.h"

namespace decodescope {

/// A measured point whose repetitions can be looked at.
struct LatencyChoice {
    std::size_t run = 0, sample = 0; ///< indices
    QString key;                     ///< the same for the same point, however many follow
    QString text;                    ///< "GQA-8 · 8,192 tokens · run 2"
};

/// All points with repetitions, newest first.
[[nodiscard]] std::vector<LatencyChoice> latencyChoices(const std::vector<Run>& runs);

/// The repetitions of a choice. `overview` tells which colour and mark its variant wears. A choice
/// that is not there: no data.
[[nodiscard]] LatencyData buildLatency(const std::vector<Run>& runs, const LatencyChoice& choice,
                                       const OverviewData& overview);

} // namespace decodescope
