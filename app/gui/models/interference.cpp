// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/interference.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "core/profile/statistics.h"

namespace decodescope {
namespace {

/// A progress line of the Sample: which of its repetitions it has, and between what times.
struct Line {
    std::size_t first = 0, count = 0;
    double fromMs = 0, toMs = 0;
};

bool isOfGroup(const Progress& line, const Sample& sample) {
    return line.phase == "measure" && line.context == sample.context && line.batch == sample.batch;
}

/// The lines of one run whose repetitions, one after the other, are those of the Sample; empty
/// where the recording has no such lines.
struct SampleLines {
    std::vector<Line> lines;
    std::size_t begin = 0, end = 0; ///< in Recording::progress, from the first of them to the last
};

SampleLines linesOf(const Recording& recording, const Sample& sample) {
    SampleLines found;
    std::size_t next = 0;
    double before = 0;
    for (std::size_t i = 0; i < recording.progress.size(); ++i) {
        const Progress& line = recording.progress[i];
        if (line.variant != sample.variant)
            continue;
        const double from = std::exchange(before, line.atMs);
        if (!isOfGroup(line, sample) || line.repetitionsMs.empty())
            continue;
        const auto follows = [&](std::size_t at) {
            return at + line.repetitionsMs.size() <= sample.repetitionsMs.size() &&
                   std::equal(line.repetitionsMs.begin(), line.repetitionsMs.end(),
                              sample.repetitionsMs.begin() + static_cast<std::ptrdiff_t>(at));
        };
        if (!follows(next)) {
            if (next == sample.repetitionsMs.size())
                break; // the same point, measured once more
            found = {};
            next = 0;
            if (!follows(0))
                continue;
        }
        if (found.lines.empty())
            found.begin = i;
        found.lines.push_back({next, line.repetitionsMs.size(), from, line.atMs});
        found.end = i + 1;
        next += line.repetitionsMs.size();
    }
    return next == sample.repetitionsMs.size() ? found : SampleLines{};
}

/// Repetitions of the other variants of the group, with the window of their line.
struct Beside {
    double fromMs = 0, toMs = 0, slowestMs = 0;
};

std::map<std::string, std::vector<Beside>> besides(const Recording& recording, const Sample& sample,
                                                   const SampleLines& own) {
    std::map<std::string, std::vector<Beside>> all;
    std::map<std::string, double> before;
    // A line tells of what ended before it was sent: one more of each variant may still do.
    for (std::size_t i = own.begin; i < recording.progress.size(); ++i) {
        const Progress& line = recording.progress[i];
        const bool late = i >= own.end;
        if (late && line.atMs < recording.progress[own.end - 1].atMs)
            break; // another run begins
        if (line.variant == sample.variant || !isOfGroup(line, sample))
            continue;
        const auto known = before.find(line.variant);
        const double from = known == before.end() ? own.lines.front().fromMs : known->second;
        before[line.variant] = line.atMs;
        if (late && from > own.lines.back().toMs)
            continue;
        if (!line.repetitionsMs.empty())
            all[line.variant].push_back(
                {from, line.atMs,
                 *std::max_element(line.repetitionsMs.begin(), line.repetitionsMs.end())});
    }
    return all;
}

/// The median of the other variant's point in the Sample's run; absent: it gave no Sample.
std::optional<double> medianOf(const Recording& recording, const Sample& sample,
                               const std::string& variant) {
    for (const Sample& each : recording.samples)
        if (each.runId == sample.runId && each.variant == variant &&
            each.context == sample.context && each.batch == sample.batch && each.tpotP50Ms > 0)
            return each.tpotP50Ms;
    return std::nullopt;
}

} // namespace

std::vector<Surroundings> surroundings(const Recording& recording, const Sample& sample,
                                       const std::vector<std::size_t>& repetitions) {
    std::vector<Surroundings> all(repetitions.size());
    const SampleLines own = linesOf(recording, sample);
    if (own.lines.empty())
        return all;
    const auto others = besides(recording, sample, own);
    for (std::size_t i = 0; i < repetitions.size(); ++i) {
        const auto line = std::find_if(own.lines.begin(), own.lines.end(), [&](const Line& each) {
            return repetitions[i] >= each.first && repetitions[i] < each.first + each.count;
        });
        if (line == own.lines.end())
            continue;
        all[i].recorded = true;
        all[i].windowMs = line->toMs - line->fromMs;
        for (const auto& [variant, spans] : others) {
            const std::optional<double> usual = medianOf(recording, sample, variant);
            double slowest = 0;
            for (const Beside& span : spans)
                if (span.fromMs < line->toMs && span.toMs > line->fromMs)
                    slowest = std::max(slowest, span.slowestMs);
            if (usual && slowest > 0)
                all[i].neighbours.push_back({variant, slowest / *usual});
        }
    }
    return all;
}

} // namespace decodescope
