// SPDX-License-Identifier: Apache-2.0
#include "core/plan/rate_range.h"

#include <fmt/format.h>

#include "core/spec/units.h"

namespace decodescope {
namespace {

/// "70 to 85 %", or "80 %" where both ends are one.
std::string percent(double low, double high) {
    if (low == high)
        return fmt::format("{:.4g} %", 100 * low);
    return fmt::format("{:.4g} to {:.4g} %", 100 * low, 100 * high);
}

} // namespace

Result<RateRange> parseRateRange(std::string_view text) {
    const std::size_t dash = text.find('-');
    const Result<double> low = parseFraction(text.substr(0, dash));
    const Result<double> high =
        dash == std::string_view::npos ? low : parseFraction(text.substr(dash + 1));
    if (!low || !high || *low <= 0 || *high < *low)
        return Error{ErrorCode::BadUsage, fmt::format("\"{}\" is not a range of shares", text), "",
                     "Write shares of the datasheet's rates, the smaller first, as in 70%-85%."};
    return RateRange{*low, *high, *low, *high};
}

std::string formatRateRange(const RateRange& range) {
    const std::string low = fmt::format("{:.4g}%", 100 * range.bandwidthLow);
    return range.bandwidthLow == range.bandwidthHigh
               ? low
               : fmt::format("{}-{:.4g}%", low, 100 * range.bandwidthHigh);
}

std::string describe(const RateRange& range) {
    return fmt::format("{} of the bandwidth, {} of the FLOP/s",
                       percent(range.bandwidthLow, range.bandwidthHigh),
                       percent(range.flopLow, range.flopHigh));
}

} // namespace decodescope
