// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/export/data_export.h"

#include <functional>

#include <QFileInfo>

#include "core/profile/whole_file.h"
#include "core/report/comparison_report.h"
#include "core/report/report.h"

namespace decodescope {

namespace {

Status write(const QString& path, const std::function<std::string(ReportFormat)>& textIn) {
    const std::optional<ReportFormat> format =
        parseReportFormat(QFileInfo(path).suffix().toLower().toStdString());
    if (!format)
        return Error{ErrorCode::BadUsage, "is no data file", path.toStdString(),
                     "Choose a name that ends in .csv, .json, .jsonl or .md"};
    return writeWholeFile(path.toStdString(), textIn(*format));
}

} // namespace

Status exportData(const std::vector<Sample>& samples, const std::vector<Plan>& plans,
                  const QString& path) {
    return write(path, [&](ReportFormat format) {
        return samples.empty() ? report(plans, format) : report(samples, format);
    });
}

Status exportData(const Comparison& comparison, const QString& path) {
    return write(path, [&](ReportFormat format) { return report(comparison, format); });
}

} // namespace decodescope
