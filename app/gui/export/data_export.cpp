// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/export/data_export.h"

#include <QFileInfo>
#include <QSaveFile>

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
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) ||
        file.write(text.data(), static_cast<qint64>(text.size())) < 0 || !file.commit())
        return Error{ErrorCode::OutputNotWritten,
                     "cannot be written: " + file.errorString().toStdString(), path.toStdString(),
                     ""};
    return Done{};
}

} // namespace decodescope
