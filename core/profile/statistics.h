// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

namespace decodescope {

/// Statistics of repeated timings. Every function takes the values in any order, in any unit, and
/// returns the same unit; of no values everything is 0.

/// The p-quantile, 0 ≤ p ≤ 1, by linear interpolation between order statistics at (n − 1)·p
/// (type 7 of Hyndman and Fan, The American Statistician 50(4), 1996: the default of R and NumPy).
[[nodiscard]] double quantile(std::span<const double> values, double p);
[[nodiscard]] double median(std::span<const double> values);

struct Interval {
    double low = 0, high = 0;
    [[nodiscard]] double halfWidth() const { return (high - low) / 2; }
};

/// A 95 % confidence interval of the median, from two order statistics: no shape of the
/// distribution is assumed, only that repetitions are independent. The ranks are the innermost
/// pair (r, n + 1 − r) with P(Binomial(n, 1/2) < r) ≤ 2.5 % (Conover, Practical Nonparametric
/// Statistics, 3.2). Five values or fewer have no such pair: there it is Student's interval of the
/// mean, laid around the median. One value says nothing: the interval is unbounded.
[[nodiscard]] Interval medianInterval95(std::span<const double> values);

/// A 95 % confidence interval of median(b) / median(a), of positive values: the distance of two
/// order statistics tells how far each median's logarithm is known, whatever the distributions
/// (Price and Bonett, Journal of Statistical Computation and Simulation 72(2), 2002). Of fewer than
/// five values on a side it takes Student's factor of that side. Fewer than two values, or one that
/// is not above zero, say nothing: the interval is 0 to infinity.
[[nodiscard]] Interval medianRatioInterval95(std::span<const double> a, std::span<const double> b);

/// Half-width of the 95 % interval over the median; infinite below two values.
[[nodiscard]] double relativeError(std::span<const double> values);

/// What a Sample tells of its repetitions.
struct Summary {
    double p10 = 0, p50 = 0, p90 = 0, p99 = 0;
    double ci95 = 0;          ///< half-width of the 95 % interval of the median
    double relativeError = 0; ///< ci95 / p50
};
[[nodiscard]] Summary summarise(std::span<const double> values);

/// How far each value has come from the first (0) to the last (1). Values that should rise and were
/// disturbed do: each is taken halfway between the largest up to it and the smallest from it on.
/// All are 1 where the last is not above the first.
[[nodiscard]] std::vector<double> risingShares(const std::vector<double>& values);

} // namespace decodescope
