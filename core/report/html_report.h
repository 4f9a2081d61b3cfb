// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/plan/answers.h"
#include "core/plan/plan.h"
#include "core/profile/claims.h"
#include "core/profile/recording.h"

namespace decodescope {

/// A chart in the report.
struct ReportChart {
    std::string title;
    std::string description; ///< in one sentence, for people who cannot see it
    std::string svg;         ///< an SVG document; what stands before its <svg> is left out
};

/// What a report tells of.
struct HtmlReport {
    Recording recording;             ///< its last run says what was asked, and of which machine
    std::vector<Plan> plans;         ///< of the same configuration
    std::vector<Answer> answers;     ///< of the model as it is
    std::vector<Claim> claims;       ///< as the recording leaves them
    std::vector<ReportChart> charts; ///< in the order they are shown
    std::string writtenAt;           ///< for people, with its time zone
    std::vector<std::pair<std::string, std::string>> versions; ///< name, version
};

/// One HTML document that needs nothing beside itself: charts, tables, configuration, machine,
/// versions, and how each number was obtained. It prints on A4, and is well-formed as XML too.
/// Texts off files and devices are escaped.
[[nodiscard]] std::string toHtml(const HtmlReport& report);

} // namespace decodescope
