// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/latency_builder.h"

#include <algorithm>
#include <span>

#include <QCoreApplication>
#include <QStringList>

#include "app/gui/models/interference.h"
#include "app/gui/models/latency_histogram.h"
#include "core/profile/statistics.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kFarOut = 3;         // interquartile ranges above the third quartile (Tukey)
constexpr double kWorthNaming = 1.05; // of the median: a steadier point has no outliers
constexpr std::size_t kFewest = 5;    // repetitions that have outliers at all
constexpr std::size_t kFewestForDrift = 8;
constexpr std::size_t kNeighbours = 10; // on each side of a running median, at most
constexpr double kSlow = 1.25;          // of its median: a neighbour was slowed down too

QString say(const char* text) {
    return QCoreApplication::translate("Latency", text);
}

QString count(std::int64_t value) {
    return QString::fromStdString(formatCount(value));
}

QString placeOf(const Sample& sample) {
    QString text = say(QT_TRANSLATE_NOOP("Latency", "%1 tokens")).arg(count(sample.context));
    if (sample.batch != 1)
        text += say(QT_TRANSLATE_NOOP("Latency", ", batch %1")).arg(count(sample.batch));
    return text;
}

QString remarksOn(const Sample& sample) {
    QStringList parts;
    if (sample.scope == Scope::Attention)
        parts << say(QT_TRANSLATE_NOOP("Latency", "attention alone"));
    if (sample.quickLook)
        parts << say(QT_TRANSLATE_NOOP("Latency", "quick look"));
    if (sample.stopping.reason == "interrupted")
        parts << say(QT_TRANSLATE_NOOP("Latency", "partial"));
    if (sample.layersMeasured > 0 && sample.layersMeasured < sample.layers)
        parts << say(QT_TRANSLATE_NOOP("Latency", "%1 of %2 layers, scaled"))
                     .arg(sample.layersMeasured)
                     .arg(sample.layers);
    return parts.join(QStringLiteral(", "));
}

QString conditionsOf(const Sample& sample) {
    QStringList parts;
    if (sample.conditions)
        for (const std::string& each : describe(*sample.conditions))
            parts << QString::fromStdString(each);
    return parts.join(QStringLiteral(", "));
}

SeriesSlot slotOf(const Sample& sample, const OverviewData& overview) {
    for (const VariantSeries& series : overview.variants)
        if (series.label == QString::fromStdString(sample.variant))
            return series.slot;
    if (sample.attention == "mha")
        return SeriesSlot::Mha;
    if (sample.attention == "mqa")
        return SeriesSlot::Mqa;
    return sample.attention == "gqa" ? SeriesSlot::Gqa : SeriesSlot::Extra;
}

std::vector<double> runningMedian(const std::vector<double>& values) {
    std::vector<double> medians;
    const std::span<const double> all = values;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::size_t from = i - std::min(kNeighbours, i);
        medians.push_back(
            median(all.subspan(from, std::min(i + kNeighbours + 1, all.size()) - from)));
    }
    return medians;
}

std::optional<double> driftOf(const std::vector<double>& values) {
    if (values.size() < kFewestForDrift)
        return std::nullopt;
    const std::span<const double> all = values;
    const double before = median(all.first(all.size() / 4));
    return before > 0 ? std::optional(median(all.last(all.size() / 4)) / before - 1) : std::nullopt;
}

QString causeOf(const Surroundings& around) {
    if (!around.recorded)
        return say(QT_TRANSLATE_NOOP("Latency", "not recorded"));
    if (around.neighbours.empty())
        return say(QT_TRANSLATE_NOOP("Latency", "nothing else was measured beside it"));
    const auto slowest =
        std::max_element(around.neighbours.begin(), around.neighbours.end(),
                         [](const auto& a, const auto& b) { return a.slowdown < b.slowdown; });
    const QString window =
        QString::fromStdString(formatRounded(around.windowMs)) + QStringLiteral(" ms");
    const QString who = QString::fromStdString(slowest->variant);
    const QString factor = QString::fromStdString(formatRounded(slowest->slowdown));
    return slowest->slowdown >= kSlow
               ? say(QT_TRANSLATE_NOOP("Latency", "interference: %1 too took %2× its median within "
                                                  "the same %3"))
                     .arg(who, factor, window)
               : say(QT_TRANSLATE_NOOP("Latency", "this step alone: %1 took at most %2× its median "
                                                  "within the same %3"))
                     .arg(who, factor, window);
}

void addOutliers(LatencyData& data, const Recording& recording, const Sample& sample) {
    const std::vector<double>& all = data.repetitionsMs;
    const double third = quantile(all, 0.75);
    data.fenceMs =
        std::max(third + kFarOut * (third - quantile(all, 0.25)), kWorthNaming * data.p50Ms);
    if (all.size() < kFewest)
        return;
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i] > data.fenceMs)
            found.push_back(i);
    std::sort(found.begin(), found.end(),
              [&](std::size_t a, std::size_t b) { return all[a] > all[b]; });
    const std::vector<Surroundings> around = surroundings(recording, sample, found);
    for (std::size_t i = 0; i < found.size(); ++i)
        data.outliers.push_back({found[i], all[found[i]], causeOf(around[i])});
}

} // namespace

std::vector<LatencyChoice> latencyChoices(const std::vector<Run>& runs) {
    std::vector<LatencyChoice> choices;
    for (std::size_t run = runs.size(); run-- > 0;) {
        const std::vector<Sample>& samples = runs[run].recording.samples;
        for (std::size_t i = samples.size(); i-- > 0;) {
            const Sample& sample = samples[i];
            if (sample.repetitionsMs.empty())
                continue;
            QString text =
                QString::fromStdString(sample.variant) + QStringLiteral(" · ") + placeOf(sample);
            if (sample.quickLook)
                text += say(QT_TRANSLATE_NOOP("Latency", " · quick look"));
            else if (runs.size() > 1)
                text += say(QT_TRANSLATE_NOOP("Latency", " · run %1")).arg(run + 1);
            choices.push_back({run, i, QStringLiteral("%1/%2").arg(run).arg(i), std::move(text)});
        }
    }
    return choices;
}

LatencyData buildLatency(const std::vector<Run>& runs, const LatencyChoice& choice,
                         const OverviewData& overview) {
    LatencyData data;
    if (choice.run >= runs.size() || choice.sample >= runs[choice.run].recording.samples.size())
        return data;
    const Recording& recording = runs[choice.run].recording;
    const Sample& sample = recording.samples[choice.sample];
    data.label = QString::fromStdString(sample.variant);
    data.place = placeOf(sample);
    data.remarks = remarksOn(sample);
    data.slot = slotOf(sample, overview);
    data.conditions = conditionsOf(sample);
    data.repetitionsMs = sample.repetitionsMs;
    if (data.repetitionsMs.empty())
        return data;
    data.warmups = sample.stopping.rule.warmupRepetitions;
    data.runningMs = runningMedian(data.repetitionsMs);
    data.linear = latencyHistogram(data.repetitionsMs, false);
    data.logarithmic = latencyHistogram(data.repetitionsMs, true);
    const Summary summary = summarise(data.repetitionsMs);
    data.p50Ms = summary.p50;
    data.p90Ms = summary.p90;
    data.p99Ms = summary.p99;
    data.drift = driftOf(data.repetitionsMs);
    addOutliers(data, recording, sample);
    return data;
}

} // namespace decodescope
