// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/export/export_job.h"

#include <iterator>

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
#include "app/gui/panels/trade_off_page.h"
#include "core/import/model_file.h"
#include "core/import/quality_csv.h"

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

bool hasEnding(const QString& file, const char* ending) {
    return file.endsWith(QLatin1String(ending), Qt::CaseInsensitive);
}

/// What of the files is no part of the Session.
struct Opened {
    Recording recording;
    std::vector<QualityStudy> quality;
};

Result<Opened> open(Session& session, const QStringList& files) {
    Opened opened;
    for (const QString& file : files) {
        if (hasEnding(file, ".csv")) {
            Result<std::vector<QualityStudy>> read = readQualityCsv(file.toStdString());
            if (!read)
                return read.error();
            std::move(read->begin(), read->end(), std::back_inserter(opened.quality));
            continue;
        }
        if (!hasEnding(file, ".jsonl")) {
            Result<ModelSpec> model = readModelFile(file.toStdString());
            if (!model)
                return model.error();
            session.setModel(*model);
            continue;
        }
        Result<Recording> read = readRecording(file.toStdString());
        if (!read)
            return read.error();
        opened.recording = std::move(*read);
        session.setRun(opened.recording);
        takeDevice(session, opened.recording);
        session.setSamples(opened.recording.samples);
    }
    return opened;
}

/// Quality numbers are for one chart, and for the report, which holds all.
Status checkQuality(const Opened& opened, const ExportOptions& options) {
    const bool shown = isHtmlFile(options.file) ||
                       (isChartFile(options.file) && options.chart == QLatin1String("trade-off"));
    if (opened.quality.empty() || shown)
        return Done{};
    return Error{ErrorCode::BadUsage,
                 "a table of quality numbers (.csv) is shown by the chart trade-off alone",
                 options.file.toStdString(),
                 "Add --chart trade-off and choose .png, .svg or .pdf; or a report (.html)."};
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
    Result<Opened> opened = open(session, files);
    if (!opened)
        return opened.error();
    if (Status quality = checkQuality(*opened, options); !quality)
        return quality.error();
    const Recording& recording = opened->recording;
    if (!compared.isEmpty())
        if (Status both = compareIn(session, compared); !both)
            return both.error();
    if (!isChartFile(options.file) && !isHtmlFile(options.file)) {
        const std::optional<Comparison> comparison = compareWithBaseline(session);
        return comparison ? exportData(*comparison, options.file)
                          : exportData(recording.samples, session.plans(), options.file);
    }
    QWidget parent;
    RunStore runs;
    runs.open(recording, QString());
    const Pages pages = makePages(session, runs, {}, &parent);
    pages.overview->plots().showRecording(replay(recording, variantLabels(session.overview())));
    pages.tradeOff->showForNow(std::move(opened->quality));
    const std::vector<PlotWidget*> withData = pages.chartsWithData();
    if (isHtmlFile(options.file))
        return exportHtml(recording, session, withData, options.file);
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
