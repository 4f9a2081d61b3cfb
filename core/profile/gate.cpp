// SPDX-License-Identifier: Apache-2.0
#include "core/profile/gate.h"

#include <algorithm>

#include <fmt/format.h>

namespace decodescope {
namespace {

/// 1.123 is 12.3 % more time; below 1 the number is negative.
double percentSlower(double ratio) {
    return 100 * (ratio - 1);
}

bool compared(Verdict verdict) {
    return verdict == Verdict::Faster || verdict == Verdict::Slower ||
           verdict == Verdict::NoDifference;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : "; ") + part;
    return text;
}

} // namespace

bool slowerThan(const ComparedPair& pair, double limit) {
    return pair.verdict == Verdict::Slower && pair.ratioInterval.low > 1 + limit;
}

std::vector<std::string> gateLines(const Comparison& comparison, double limit) {
    std::vector<std::string> lines = comparison.notes;
    for (const ComparedPair& pair : comparison.pairs) {
        const std::string what = label(pair.configuration());
        if (slowerThan(pair, limit))
            lines.push_back(fmt::format(
                "{}: {:.1f} % slower (95 %: {:.1f} to {:.1f})", what, percentSlower(pair.ratio),
                percentSlower(pair.ratioInterval.low), percentSlower(pair.ratioInterval.high)));
        else if (pair.verdict == Verdict::OnlyInB)
            lines.push_back(what + ": not in the baseline");
        else if (pair.verdict == Verdict::OnlyInA)
            lines.push_back(what + ": in the baseline alone");
        else if (pair.verdict == Verdict::NotComparable)
            lines.push_back(fmt::format("{}: not compared, {}", what, joined(pair.notes)));
    }
    const auto count =
        std::count_if(comparison.pairs.begin(), comparison.pairs.end(),
                      [](const ComparedPair& pair) { return compared(pair.verdict); });
    if (count == 0)
        lines.push_back("nothing could be compared with the baseline: no limit was checked");
    else if (std::none_of(comparison.pairs.begin(), comparison.pairs.end(),
                          [limit](const ComparedPair& pair) { return slowerThan(pair, limit); }))
        lines.push_back(fmt::format("{} compared with the baseline: none is surely slower by more "
                                    "than {:.3g} %",
                                    count, 100 * limit));
    return lines;
}

Status checkGate(const Comparison& comparison, double limit) {
    std::vector<std::string> slow;
    std::size_t all = 0;
    for (const ComparedPair& pair : comparison.pairs) {
        all += compared(pair.verdict) ? 1 : 0;
        if (slowerThan(pair, limit))
            slow.push_back(label(pair.configuration()));
    }
    if (all == 0)
        return Error{ErrorCode::RunFailed,
                     fmt::format("no configuration could be compared with {}, so the limit was not "
                                 "checked",
                                 comparison.nameA),
                     "--fail-if-slower",
                     "Record a baseline of the same models and contexts on this device."};
    if (slow.empty())
        return Done{};
    return Error{ErrorCode::SlowerThanBaseline,
                 fmt::format("{} of {} configurations took over {:.3g} % more time than {}: {}",
                             slow.size(), all, 100 * limit, comparison.nameA, joined(slow)),
                 "--fail-if-slower", ""};
}

} // namespace decodescope
