// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/latency_histogram.h"

#include <algorithm>
#include <cmath>

#include "core/profile/statistics.h"

namespace decodescope {
namespace {

constexpr double kLeastSpread = 0.005; // of the median
constexpr double kBody = 6;            // spreads beyond the quartiles

/// Where bins begin and end, and how many they are.
struct Grid {
    double low = 0, high = 0;
    int bins = 1;
};

Grid gridOf(const std::vector<double>& values, double leastSpread, bool whole) {
    const double first = quantile(values, 0.25);
    const double third = quantile(values, 0.75);
    const double spread = std::max(third - first, leastSpread);
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    Grid grid{*least, *most};
    if (!whole) {
        grid.low = std::max(grid.low, first - kBody * spread);
        grid.high = std::min(grid.high, third + kBody * spread);
    }
    const double width = 2 * spread / std::cbrt(static_cast<double>(values.size()));
    if (grid.high - grid.low <= width) {
        const double middle = (grid.low + grid.high) / 2;
        return {middle - width / 2, middle + width / 2, 1};
    }
    grid.bins =
        std::clamp(static_cast<int>(std::ceil((grid.high - grid.low) / width)), 1, kMostBins);
    return grid;
}

} // namespace

LatencyHistogram latencyHistogram(std::span<const double> values, bool logarithmic) {
    std::vector<double> usable;
    for (const double value : values)
        if (std::isfinite(value) && value > 0)
            usable.push_back(value);
    LatencyHistogram histogram;
    if (usable.empty())
        return histogram;
    const auto [least, most] = std::minmax_element(usable.begin(), usable.end());
    histogram.least = *least;
    histogram.most = *most;
    std::vector<double> scaled = usable;
    if (logarithmic)
        std::transform(scaled.begin(), scaled.end(), scaled.begin(),
                       [](double value) { return std::log(value); });
    const double leastSpread =
        logarithmic ? std::log1p(kLeastSpread) : kLeastSpread * median(usable);
    const Grid grid = gridOf(scaled, leastSpread, logarithmic);
    for (int i = 0; i <= grid.bins; ++i) {
        const double edge = std::lerp(grid.low, grid.high, static_cast<double>(i) / grid.bins);
        histogram.edges.push_back(logarithmic ? std::exp(edge) : edge);
    }
    // A logarithm and back may lose the last digit of the ends.
    histogram.edges.front() =
        std::min(histogram.edges.front(), logarithmic ? histogram.least : histogram.edges.front());
    histogram.edges.back() =
        std::max(histogram.edges.back(), logarithmic ? histogram.most : histogram.edges.back());
    histogram.counts.assign(static_cast<std::size_t>(grid.bins), 0);
    for (const double value : usable) {
        if (const int bin = histogram.binOf(value); bin >= 0)
            ++histogram.counts[static_cast<std::size_t>(bin)];
        else
            ++(value < histogram.edges.front() ? histogram.below : histogram.above);
    }
    return histogram;
}

} // namespace decodescope
