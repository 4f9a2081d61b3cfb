// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/export/data_export.h"

#include <QFileInfo>

#include "app/gui/export/whole_output.h"
#include "core/report/report.h"

namespace decodescope {

Status exportData(const std::vector<Sample>& samples, const std::vector<Plan>& plans,
                  const QString& path) {
    const std::optional<ReportFormat> format =
        parseReportFormat(QFileInfo(path).suffix().toLower().toStdString());
    if (!format)
        return Error{ErrorCode::BadUsage, "is no data file", path.toStdString(),
                     "Choose a name that ends in .csv, .json, .jsonl or .md"};
    const std::string text = samples.empty() ? report(plans, *format) : report(samples, *format);
    return writeWhole(QByteArray::fromStdString(text), path);
}

} // namespace decodescope
