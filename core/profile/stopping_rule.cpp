// SPDX-License-Identifier: Apache-2.0
#include "core/profile/stopping_rule.h"

#include <nlohmann/json.hpp>

#include "core/profile/statistics.h"
#include "core/spec/json_field.h"

namespace decodescope {

std::string stoppingReason(const StoppingRule& rule, std::span<const double> repetitionsMs,
                           double secondsSpent) {
    const std::size_t count = repetitionsMs.size();
    const auto atLeast = [count](int n) { return n <= 0 || count >= static_cast<std::size_t>(n); };
    if (!atLeast(rule.minRepetitions) || count == 0)
        return "";
    if (relativeError(repetitionsMs) <= rule.targetError)
        return "target_error";
    if (secondsSpent >= rule.maxSeconds)
        return "max_seconds";
    return atLeast(rule.maxRepetitions) ? "max_repetitions" : "";
}

void to_json(nlohmann::json& json, const StoppingOutcome& outcome) {
    json = {{"reason", outcome.reason},
            {"achieved_error", outcome.achievedError},
            {"target_error", outcome.rule.targetError},
            {"max_seconds", outcome.rule.maxSeconds},
            {"min_repetitions", outcome.rule.minRepetitions},
            {"max_repetitions", outcome.rule.maxRepetitions},
            {"warmup_repetitions", outcome.rule.warmupRepetitions}};
}

void from_json(const nlohmann::json& json, StoppingOutcome& outcome) {
    outcome = StoppingOutcome{};
    readField(json, "reason", outcome.reason);
    readFieldOrNull(json, "achieved_error", outcome.achievedError);
    readField(json, "target_error", outcome.rule.targetError);
    readField(json, "max_seconds", outcome.rule.maxSeconds);
    readField(json, "min_repetitions", outcome.rule.minRepetitions);
    readField(json, "max_repetitions", outcome.rule.maxRepetitions);
    readField(json, "warmup_repetitions", outcome.rule.warmupRepetitions);
}

} // namespace decodescope
