// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/spec/result.h"

namespace decodescope {

/// Shares of the roofs that are reached, at least and at most. All zero: not known.
struct RateRange {
    double bandwidthLow = 0;
    double bandwidthHigh = 0;
    double flopLow = 0;
    double flopHigh = 0;
    [[nodiscard]] bool known() const { return bandwidthLow > 0 && flopLow > 0; }
    bool operator==(const RateRange&) const = default;
};

/// Shares of datasheet peaks to start from, until the device itself is measured: 70 to 85 % of the
/// bandwidth (as reported for Apple silicon); 51 to 87 % of dense matrix FLOP/s (the best matrix
/// product found: MI300X 51, B200 78, H100 80, A100 87 %; stas00/ml-engineering).
inline constexpr RateRange kDatasheetRange{0.70, 0.85, 0.51, 0.87};

/// "70%-85%" or "80%": a share for bandwidth and FLOP/s alike. Errors: BadUsage.
[[nodiscard]] Result<RateRange> parseRateRange(std::string_view text);
/// The bandwidth's part as parseRateRange() reads it: "70%-85%", "80%".
[[nodiscard]] std::string formatRateRange(const RateRange& range);
/// "70 to 85 % of the bandwidth, 51 to 87 % of the FLOP/s". Precondition: known().
[[nodiscard]] std::string describe(const RateRange& range);

} // namespace decodescope
