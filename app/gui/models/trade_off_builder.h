// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/models/table_data.h"
#include "app/gui/plots/trade_off_data.h"
#include "core/spec/quality.h"

namespace decodescope {

/// One study by one of its metrics. Models that it does not tell are left out.
[[nodiscard]] TradeOffData buildTradeOff(const QualityStudy& study, std::size_t metric);

/// The whole study: a row a model, a column a metric, those on the frontier of `metric` marked.
[[nodiscard]] TableData tradeOffTable(const QualityStudy& study, std::size_t metric);

} // namespace decodescope
