// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/export/export_job.h"

#include <QWidget>

#include "app/gui/export/chart_export.h"
#include "app/gui/export/data_export.h"
#include "app/gui/export/html_export.h"
#include "app/gui/models/comparison_builder.h"
#include "app/gui/models/run_store.h"
#include "app/gui/models/session.h"
#include "app/gui/panels/compare_page.h"
#include "app/gui/panels/overview_page.h"
#include "app/gui/panels/overview_plots.h"
#include "app/gui/panels/pages.h"
#include "core/import/model_file.h"

namespace decodescope {
namespace {

/// What the recording says of its machine: the plans shown beside its points are for that one.
void takeDevice(Session& session, const Recording& recording) {
    if (recording.runs.empty())
        return;
    const DeviceInfo& device = recording.runs.back().device;
    session.addDevice(device);
    session.setDevice(device.id);
    if (!recording.calibrations.empty())
        session.setCeilings(device.id, recording.calibrations.back().ceilings);
}

Result<Recording> open(Session& session, const QStringList& files) {
    Recording recording;
    for (const QString& file : files) {
        if (!file.endsWith(QLatin1String(".jsonl"), Qt::CaseInsensitive)) {
            Result<ModelSpec> model = readModelFile(file.toStdString());
            if (!model)
                return model.error();
            session.setModel(*model);
            continue;
        }
        Result<Recording> read = readRecording(file.toStdString());
        if (!read)
            return read.error();
        recording = std::move(*read);
        session.setRun(recording);
        takeDevice(session, recording);
        session.setSamples(recording.samples);
    }
    return recording;
}

/// Holds the second file against the first.
Status compareIn(Session& session, const QStringList& compared) {
    Result<Baseline> baseline = readBaseline(compared[0]);
    if (!baseline)
        return baseline.error();
    Result<Baseline> now = readBaseline(compared[1]);
    if (!now)
        return now.error();
    if (Status sides = checkSides(baseline->set, now->set); !sides)
        return sides.error();
    session.setBaseline(std::move(*baseline));
    session.setCompared(std::move(now->set));
    return Done{};
}

} // namespace

Status runExport(const ExportOptions& options, const QStringList& files,
                 const QStringList& compared) {
    Session session;
    const Result<Recording> recording = open(session, files);
    if (!recording)
        return recording.error();
    if (!compared.isEmpty())
        if (Status both = compareIn(session, compared); !both)
            return both.error();
    if (!isChartFile(options.file) && !isHtmlFile(options.file)) {
        const std::optional<Comparison> comparison = compareWithBaseline(session);
        return comparison ? exportData(*comparison, options.file)
                          : exportData(recording->samples, session.plans(), options.file);
    }
    QWidget parent;
    RunStore runs;
    runs.open(*recording, QString());
    const Pages pages = makePages(session, runs, {}, &parent);
    pages.overview->plots().showRecording(replay(*recording, variantLabels(session.overview())));
    const std::vector<PlotWidget*> withData = pages.chartsWithData();
    if (isHtmlFile(options.file))
        return exportHtml(*recording, session, withData, options.file);
    const std::vector<PlotWidget*> charts = pages.charts(options.chart);
    if (charts.empty())
        return Error{ErrorCode::BadUsage, "is no chart", options.chart.toStdString(),
                     "The charts are " +
                         pages.chartNames().join(QStringLiteral(", ")).toStdString()};
    if (pages.compare->charts() == charts && !pages.compare->hasData())
        return Error{ErrorCode::BadUsage, "there is nothing to compare",
                     options.chart.toStdString(),
                     "Name the baseline and what is held against it: --compare A B"};
    return exportChart(
        charts, options.file,
        {options.size, options.dotsPerInch, options.dark ? &darkTheme() : &lightTheme()});
}

} // namespace decodescope
