// SPDX-License-Identifier: Apache-2.0
#include "core/profile/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace decodescope {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kTail = 0.025; ///< probability outside, on each side

std::vector<double> sorted(std::span<const double> values) {
    std::vector<double> copy(values.begin(), values.end());
    std::sort(copy.begin(), copy.end());
    return copy;
}

double quantileOfSorted(std::span<const double> values, double p) {
    if (values.empty())
        return 0;
    const double at = static_cast<double>(values.size() - 1) * std::clamp(p, 0.0, 1.0);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return std::lerp(values[below], values[above], at - static_cast<double>(below));
}

/// The largest r with P(Binomial(n, 1/2) < r) ≤ kTail; 0 where even r = 1 is too much.
std::size_t lowerRank(std::size_t n) {
    const auto count = static_cast<double>(n);
    double logTerm = -count * std::log(2.0); // ln P(0); in logarithms, as 2^-n underflows
    double below = 0;
    for (std::size_t k = 0; k < n; ++k) {
        below += std::exp(logTerm);
        if (below > kTail)
            return k;
        logTerm += std::log((count - static_cast<double>(k)) / (static_cast<double>(k) + 1));
    }
    return 0;
}

/// 97.5 % point of Student's t with 1 to 4 degrees of freedom
constexpr std::array kStudent = {12.706, 4.303, 3.182, 2.776};
constexpr double kNormal = 1.959964; ///< 97.5 % point of the standard normal

Interval studentInterval(std::span<const double> values) {
    const auto n = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    double squares = 0;
    for (const double value : values)
        squares += (value - mean) * (value - mean);
    const double half = kStudent[values.size() - 2] * std::sqrt(squares / (n - 1) / n);
    const double middle = quantileOfSorted(values, 0.5);
    return {middle - half, middle + half};
}

Interval intervalOfSorted(std::span<const double> values) {
    if (values.empty())
        return {};
    if (values.size() == 1)
        return {-kInfinity, kInfinity};
    const std::size_t rank = lowerRank(values.size());
    if (rank == 0)
        return studentInterval(values);
    return {values[rank - 1], values[values.size() - rank]};
}

/// The point that a standard normal exceeds with this probability, 0 < p ≤ 1/2.
double normalPoint(double p) {
    double low = 0;
    double high = 40; // far beyond what a double can tell from certainty
    for (int i = 0; i < 100; ++i) {
        const double middle = (low + high) / 2;
        (std::erfc(middle / std::sqrt(2.0)) / 2 > p ? low : high) = middle;
    }
    return low;
}

/// P(Binomial(n, 1/2) < r).
double binomialBelow(std::size_t n, std::size_t r) {
    const auto count = static_cast<double>(n);
    double sum = 0;
    for (std::size_t k = 0; k < r; ++k) {
        const auto at = static_cast<double>(k);
        sum += std::exp(std::lgamma(count + 1) - std::lgamma(at + 1) - std::lgamma(count - at + 1) -
                        count * std::log(2.0));
    }
    return sum;
}

/// The variance of the logarithm of the median: of order statistics c and n + 1 − c, with c about
/// (n + 1)/2 − √n, the distance is so many standard errors as the sign test gives it.
double logMedianVariance(std::span<const double> ordered) {
    const auto n = static_cast<double>(ordered.size());
    const auto rank =
        static_cast<std::size_t>(std::max(1.0, std::round((n + 1) / 2 - std::sqrt(n))));
    const double distance = std::log(ordered[ordered.size() - rank]) - std::log(ordered[rank - 1]);
    const double error = distance / (2 * normalPoint(binomialBelow(ordered.size(), rank)));
    return error * error;
}

double relative(double halfWidth, double middle) {
    return middle > 0 ? halfWidth / middle : halfWidth > 0 ? kInfinity : 0;
}

} // namespace

double quantile(std::span<const double> values, double p) {
    return quantileOfSorted(sorted(values), p);
}

double median(std::span<const double> values) {
    return quantile(values, 0.5);
}

Interval medianInterval95(std::span<const double> values) {
    return intervalOfSorted(sorted(values));
}

Interval medianRatioInterval95(std::span<const double> a, std::span<const double> b) {
    const std::vector<double> first = sorted(a);
    const std::vector<double> second = sorted(b);
    const std::size_t fewest = std::min(first.size(), second.size());
    if (fewest < 2 || !(first.front() > 0) || !(second.front() > 0))
        return {0, kInfinity};
    const double factor = fewest < 5 ? kStudent[fewest - 2] : kNormal;
    const double spread = factor * std::sqrt(logMedianVariance(first) + logMedianVariance(second));
    const double ratio = quantileOfSorted(second, 0.5) / quantileOfSorted(first, 0.5);
    return {ratio * std::exp(-spread), ratio * std::exp(spread)};
}

double relativeError(std::span<const double> values) {
    return values.empty() ? kInfinity : summarise(values).relativeError;
}

Summary summarise(std::span<const double> values) {
    const std::vector<double> ordered = sorted(values);
    Summary summary;
    summary.p10 = quantileOfSorted(ordered, 0.10);
    summary.p50 = quantileOfSorted(ordered, 0.50);
    summary.p90 = quantileOfSorted(ordered, 0.90);
    summary.p99 = quantileOfSorted(ordered, 0.99);
    summary.ci95 = intervalOfSorted(ordered).halfWidth();
    summary.relativeError = relative(summary.ci95, summary.p50);
    return summary;
}

std::vector<double> risingShares(const std::vector<double>& values) {
    if (values.empty() || values.back() <= values.front())
        return std::vector<double>(values.size(), 1);
    std::vector<double> largest(values);
    std::vector<double> smallest(values);
    for (std::size_t i = 1; i < values.size(); ++i)
        largest[i] = std::max(largest[i], largest[i - 1]);
    for (std::size_t i = values.size(); i-- > 1;)
        smallest[i - 1] = std::min(smallest[i - 1], smallest[i]);
    std::vector<double> shares(values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
        shares[i] = std::clamp(((largest[i] + smallest[i]) / 2 - values.front()) /
                                   (values.back() - values.front()),
                               0.0, 1.0);
    return shares;
}

} // namespace decodescope
