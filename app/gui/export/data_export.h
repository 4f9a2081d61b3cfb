// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include "core/plan/plan.h"
#include "core/profile/comparison.h"
#include "core/profile/sample.h"
#include "core/spec/result.h"

namespace decodescope {

/// Writes the samples, or the plans where nothing has been measured, as the file's ending says:
/// .csv, .json, .jsonl or .md. The file appears whole or not at all. Errors: BadUsage for another
/// ending, OutputNotWritten.
[[nodiscard]] Status exportData(const std::vector<Sample>& samples, const std::vector<Plan>& plans,
                                const QString& path);
/// The same of a comparison.
[[nodiscard]] Status exportData(const Comparison& comparison, const QString& path);

} // namespace decodescope
