// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/baseline.h"

#include <algorithm>
#include <set>

#include <QFileInfo>

#include "core/profile/comparison_file.h"
#include "core/profile/recording.h"

namespace decodescope {
namespace {

/// A measured point and what it is of.
struct Measured {
    StepConfiguration configuration;
    const Sample* sample = nullptr;
    [[nodiscard]] bool repeats(const Measured& other) const {
        return sample->runId != other.sample->runId &&
               sample->bytesRead == other.sample->bytesRead &&
               configuration.sameWork(other.configuration) &&
               configuration.samePlace(other.configuration);
    }
};

} // namespace

Baseline baselineOf(std::vector<Sample> samples, const QString& name) {
    Baseline baseline;
    baseline.name = name;
    baseline.set = comparedSet(samples, name.toStdString());
    baseline.samples = std::move(samples);
    return baseline;
}

Result<Baseline> readBaseline(const QString& path) {
    Result<ComparedSet> set = readComparedSet(path.toStdString());
    if (!set)
        return set.error();
    Baseline baseline;
    baseline.name = QFileInfo(path).fileName();
    baseline.set = std::move(*set);
    baseline.set.name = baseline.name.toStdString();
    if (baseline.set.planned)
        return baseline;
    Result<Recording> recording = readRecording(path.toStdString());
    if (!recording)
        return recording.error();
    baseline.samples = std::move(recording->samples);
    return baseline;
}

std::vector<Sample> samplesBeside(const Baseline& baseline, const std::vector<Sample>& samples) {
    std::set<std::string> own;
    for (const Sample& sample : baseline.samples)
        own.insert(sample.runId);
    std::vector<Measured> beside;
    for (const Sample& sample : samples) {
        if (own.count(sample.runId) > 0)
            continue;
        const Measured measured{configurationOf(sample), &sample};
        std::erase_if(beside, [&](const Measured& each) { return measured.repeats(each); });
        beside.push_back(measured);
    }
    const auto quick = [](const Measured& each) { return each.sample->quickLook; };
    if (!std::all_of(beside.begin(), beside.end(), quick))
        std::erase_if(beside, quick);
    std::vector<Sample> found;
    found.reserve(beside.size());
    for (const Measured& each : beside)
        found.push_back(*each.sample);
    return found;
}

} // namespace decodescope
