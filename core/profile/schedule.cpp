// SPDX-License-Identifier: Apache-2.0
#include "core/profile/schedule.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kQuickLookSeconds = 2;
constexpr std::uint64_t kQuickLookBytes = 256 * kMiB;
constexpr double kQuickLookCalibrationSeconds = 0.3;
constexpr double kCalibrationShare = 0.15;
constexpr double kCalibrationSeconds = 1.5;

constexpr int kFewestRepetitions = 3;
constexpr int kUsualRepetitions = 5;
constexpr int kManyRepetitions = 200; ///< of a step that takes microseconds
constexpr double kWatchedSeconds = 0.1;

std::vector<std::int64_t> ascending(std::vector<std::int64_t> values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
}

} // namespace

std::vector<PointGroup> schedule(const Workload& workload, std::size_t variants) {
    std::vector<std::size_t> all(variants);
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::vector<PointGroup> groups;
    for (const std::int64_t context : ascending(workload.contexts))
        for (const std::int64_t batch : ascending(workload.batches))
            groups.push_back({context, batch, all});
    return groups;
}

double fairShare(double secondsLeft, std::size_t points, std::size_t pointsLeft) {
    if (pointsLeft == 0 || secondsLeft <= 0)
        return 0;
    return secondsLeft * static_cast<double>(points) / static_cast<double>(pointsLeft);
}

std::vector<std::uint64_t> divideBudget(std::uint64_t budgetBytes,
                                        std::span<const std::uint64_t> needBytes) {
    std::vector<std::size_t> order(needBytes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return needBytes[a] < needBytes[b]; });
    std::vector<std::uint64_t> shares(needBytes.size());
    std::uint64_t left = budgetBytes;
    for (std::size_t at = 0; at < order.size(); ++at) {
        const std::uint64_t equalPart = left / (order.size() - at);
        shares[order[at]] = std::min(needBytes[order[at]], equalPart);
        left -= shares[order[at]];
    }
    for (std::uint64_t& share : shares)
        share += left / shares.size();
    return shares;
}

std::uint64_t affordableBytes(std::uint64_t needBytes, double pointSeconds,
                              double fillBytesPerSecond) {
    constexpr double kFillShare = 0.5;
    const double filled = kFillShare * pointSeconds * fillBytesPerSecond;
    if (filled >= static_cast<double>(needBytes))
        return needBytes;
    return std::max(needBytes / 4, static_cast<std::uint64_t>(std::max(0.0, filled)));
}

double assumedFillRate(double readBytesPerSecond) {
    constexpr double kReadsForAFill = 8; // random numbers, conversion, first touch
    return std::max(static_cast<double>(kGiB), readBytesPerSecond / kReadsForAFill);
}

StoppingRule ruleFor(const Workload& workload, double pointSeconds, double warmupSeconds) {
    StoppingRule rule;
    rule.targetError = workload.targetError;
    rule.maxSeconds = std::max(0.0, pointSeconds);
    rule.minRepetitions = kUsualRepetitions;
    if (warmupSeconds <= 0)
        return rule;
    const double watched =
        std::clamp<double>(kWatchedSeconds / warmupSeconds, kUsualRepetitions, kManyRepetitions);
    const double affordable = rule.maxSeconds / warmupSeconds;
    rule.minRepetitions =
        static_cast<int>(std::clamp<double>(affordable, kFewestRepetitions, watched));
    return rule;
}

int fewestRepetitions() {
    return kFewestRepetitions;
}

int warmupRepetitions(bool quickLook) {
    return quickLook ? 1 : 2;
}

RunLimits runLimits(const Workload& workload, bool quickLook) {
    if (!quickLook)
        return {workload.maxSeconds,
                std::min(kCalibrationShare * workload.maxSeconds, kCalibrationSeconds),
                std::numeric_limits<std::uint64_t>::max()};
    const double seconds = std::min(workload.maxSeconds, kQuickLookSeconds);
    return {seconds, std::min(kCalibrationShare * seconds, kQuickLookCalibrationSeconds),
            kQuickLookBytes};
}

} // namespace decodescope
