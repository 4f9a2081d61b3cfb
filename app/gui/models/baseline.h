// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QString>

#include "core/profile/comparison.h"
#include "core/spec/result.h"

namespace decodescope {

/// What is held against what is measured or planned now: a run, a recording or plans.
struct Baseline {
    QString name; ///< for people: "run 1", "before.jsonl"
    ComparedSet set;
    std::vector<Sample> samples; ///< those of `set`; empty where it holds plans
};

[[nodiscard]] Baseline baselineOf(std::vector<Sample> samples, const QString& name);
/// Errors: as readComparedSet().
[[nodiscard]] Result<Baseline> readBaseline(const QString& path);

/// What `samples` say beside a baseline: none of the baseline's own runs, of a point measured
/// several times the newest run, and no quick looks where there is more.
[[nodiscard]] std::vector<Sample> samplesBeside(const Baseline& baseline,
                                                const std::vector<Sample>& samples);

} // namespace decodescope
