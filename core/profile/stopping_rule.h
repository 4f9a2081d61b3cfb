// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace decodescope {

/// When one point has been measured often enough.
struct StoppingRule {
    double targetError = 0.02; ///< half-width of the 95 % interval over the median
    double maxSeconds = 2;     ///< of this point
    int minRepetitions = 5;
    int maxRepetitions = 1000;
    int warmupRepetitions = 1;
    bool operator==(const StoppingRule&) const = default;
};

inline constexpr const char* kInterruptedReason = "interrupted"; ///< a stop cut the point short

/// The rule, and which part of it ended the point. Stored with every Sample.
struct StoppingOutcome {
    StoppingRule rule;
    std::string reason; ///< "target_error", "max_seconds", "max_repetitions", kInterruptedReason
    double achievedError = 0;
    bool operator==(const StoppingOutcome&) const = default;
};

/// Asks the rule. An empty string means: go on.
[[nodiscard]] std::string stoppingReason(const StoppingRule& rule,
                                         std::span<const double> repetitionsMs,
                                         double secondsSpent);

void to_json(nlohmann::json& json, const StoppingOutcome& outcome);
void from_json(const nlohmann::json& json, StoppingOutcome& outcome);

} // namespace decodescope
