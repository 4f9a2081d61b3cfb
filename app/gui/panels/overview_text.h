// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include "app/gui/plots/overview_data.h"

namespace decodescope {

/// How the figures of an OverviewData are said, in the cards, the legend and the table alike.
[[nodiscard]] QString countText(std::int64_t value);             ///< "517,734"
[[nodiscard]] QString rateText(double tokensPerSecond);          ///< "38.2", "384"
[[nodiscard]] QString perTokenText(const VariantSeries& series); ///< "128 KiB"
/// What is reached of the predicted tokens/s, in brackets: "(40.8–49.5)"; empty where not known.
[[nodiscard]] QString rangeText(const VariantSeries& series);

/// What is known of the longest context that fits.
enum class Room { Detecting, DoesNotFit, NoLimit, Tokens };
[[nodiscard]] Room roomOf(const OverviewData& overview, const VariantSeries& series);
/// "517,734", "does not fit", "memory sets no limit", "detecting…".
[[nodiscard]] QString roomText(const OverviewData& overview, const VariantSeries& series);

/// The Overview in one sentence: "MQA fits 517,734 tokens, 32× MHA". Empty where no variant fits or
/// memory sets no limit.
[[nodiscard]] QString overviewSentence(const OverviewData& overview);

} // namespace decodescope
