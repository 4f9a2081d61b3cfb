// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/profile/stopping_rule.h"
#include "core/spec/workload.h"

namespace decodescope {

/// The points that are measured together, in interleaved rounds.
struct PointGroup {
    std::int64_t context = 0, batch = 1;
    std::vector<std::size_t> variants; ///< indices
    bool operator==(const PointGroup&) const = default;
};

/// All points of a run in the order they are measured: contexts ascending, so that live plots show
/// the context grow and the cheap points come first; batches ascending within a context; all
/// variants of one context and batch in one group. Doubled contexts and batches count once.
[[nodiscard]] std::vector<PointGroup> schedule(const Workload& workload, std::size_t variants);

/// The share of the seconds left that `points` of the `pointsLeft` points may spend; what quick
/// points leave over goes to those behind them.
[[nodiscard]] double fairShare(double secondsLeft, std::size_t points, std::size_t pointsLeft);

/// Divides memory among decoders that are alive at once: small needs are met first, the large ones
/// share what is left, and what nobody needs is given out in equal parts. The sum is at most
/// `budgetBytes`.
[[nodiscard]] std::vector<std::uint64_t> divideBudget(std::uint64_t budgetBytes,
                                                      std::span<const std::uint64_t> needBytes);

/// Filling a decoder's memory takes time too, and no more than half of a point's seconds should go
/// there: the bytes of `needBytes` that can be filled in that time, but at least a quarter of them.
/// A decoder that gets fewer bytes runs fewer layers.
[[nodiscard]] std::uint64_t affordableBytes(std::uint64_t needBytes, double pointSeconds,
                                            double fillBytesPerSecond);
/// How fast decoders are filled with random content, until one has shown it.
[[nodiscard]] double assumedFillRate(double readBytesPerSecond);

/// The rule of one point that may measure for `pointSeconds` and whose warm-up took
/// `warmupSeconds` a step. A fast step is repeated until it has been watched for a tenth of a
/// second; a slow one, that the time allows only a few of, at least fewestRepetitions() times.
[[nodiscard]] StoppingRule ruleFor(const Workload& workload, double pointSeconds,
                                   double warmupSeconds);
/// A point with fewer repetitions gives no Sample.
[[nodiscard]] int fewestRepetitions();
[[nodiscard]] int warmupRepetitions(bool quickLook);

/// What a whole run may use.
struct RunLimits {
    double maxSeconds = 0;
    double calibrationSeconds = 0;
    std::uint64_t maxBytes = 0;
};
/// A quick look: 2 s and 256 MiB in all. `maxBytes` is otherwise unlimited here: what is free
/// decides. Calibration takes at most 15 % of the time and 1.5 s; 0.3 s of a quick look.
[[nodiscard]] RunLimits runLimits(const Workload& workload, bool quickLook);

} // namespace decodescope
