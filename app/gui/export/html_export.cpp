// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/export/html_export.h"

#include <algorithm>

#include <QDateTime>
#include <QFileInfo>

#include "app/gui/export/chart_export.h"
#include "app/gui/models/claims_builder.h"
#include "app/gui/models/session.h"
#include "app/gui/plots/plot_widget.h"
#include "core/profile/whole_file.h"
#include "core/report/html_report.h"
#include "core/spec/presets.h"
#include "core/spec/version.h"

namespace decodescope {
namespace {

constexpr QSize kFigure(900, 480);

} // namespace

bool isHtmlFile(const QString& path) {
    return QFileInfo(path).suffix().compare(QLatin1String("html"), Qt::CaseInsensitive) == 0;
}

Status exportHtml(const Recording& recording, const Session& session,
                  const std::vector<PlotWidget*>& charts, const QString& path) {
    HtmlReport report;
    report.recording = recording;
    report.plans = session.plans();
    const auto own = std::find_if(report.plans.begin(), report.plans.end(),
                                  [](const Plan& plan) { return !plan.variant.whatIf; });
    if (own != report.plans.end() && own->device.memoryBytes > 0)
        report.answers = answers(*own, session.configuration().workload, devicePresets());
    report.claims = claimsOf(session);
    for (PlotWidget* chart : charts) {
        const QByteArray svg = chartSvg({chart}, {kFigure, 0, nullptr});
        report.charts.push_back(
            {chart->title().toStdString(), chart->description().toStdString(), svg.toStdString()});
    }
    report.writtenAt = QDateTime::currentDateTime()
                           .toOffsetFromUtc(QDateTime::currentDateTime().offsetFromUtc())
                           .toString(Qt::ISODate)
                           .toStdString();
    report.versions = {{"DecodeScope", std::string(toolVersion())}, {"Qt", qVersion()}};
    return writeWholeFile(path.toStdString(), toHtml(report));
}

} // namespace decodescope
