// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/plot_reading.h"

#include <algorithm>
#include <cmath>

#include <QCoreApplication>

#include "app/gui/plots/binary_ticker.h"

namespace decodescope {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("PlotReading", text);
}

QString ratioText(double from, double to) {
    const double ratio = to / from;
    return from > 0 && to > 0 && std::isfinite(ratio) ? tr(", ×%1").arg(rateLabel(ratio))
                                                      : QString();
}

QString seriesText(const QString& label, double from, double to, QString (*text)(double),
                   Detail detail) {
    const double difference = to - from;
    const QString sign = difference < 0 ? QStringLiteral("−") : QStringLiteral("+");
    const QString values =
        detail == Detail::Full ? tr("%1 → %2, ").arg(text(from), text(to)) : QString();
    return tr("\n%1: %2%3%4%5")
        .arg(label, values, sign, text(std::abs(difference)), ratioText(from, to));
}

} // namespace

QString readingsText(const PlotReadings& readings, QString (*text)(double value)) {
    QString all = readings.place;
    for (const PlotReading& each : readings.series)
        all += tr("\n%1: %2").arg(each.label, text(each.value));
    return all;
}

QString differenceText(const PlotReadings& from, const PlotReadings& to,
                       QString (*text)(double value), Detail detail) {
    QString all = tr("A %1 → B %2").arg(from.place, to.place) + ratioText(from.x, to.x);
    if (from.series.size() == 1 && to.series.size() == 1 &&
        from.series[0].label != to.series[0].label)
        return all + seriesText(tr("%1 → %2").arg(from.series[0].label, to.series[0].label),
                                from.series[0].value, to.series[0].value, text, detail);
    for (const PlotReading& before : from.series) {
        const auto after =
            std::find_if(to.series.begin(), to.series.end(),
                         [&before](const PlotReading& each) { return each.label == before.label; });
        if (after != to.series.end())
            all += seriesText(before.label, before.value, after->value, text, detail);
    }
    return all;
}

} // namespace decodescope
