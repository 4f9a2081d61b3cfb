// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/trade_off_builder.h"

#include <algorithm>

#include <QCoreApplication>

#include "core/plan/frontier.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

QString say(const char* text) {
    return QCoreApplication::translate("TradeOff", text);
}

QString plain(const std::string& text) {
    return QString::fromStdString(text);
}

SeriesSlot slotOf(const std::string& attention) {
    if (attention == "mha")
        return SeriesSlot::Mha;
    if (attention == "gqa")
        return SeriesSlot::Gqa;
    return attention == "mqa" ? SeriesSlot::Mqa : SeriesSlot::Extra;
}

/// Which points of the study are on the frontier of a metric.
std::vector<bool> onFrontier(const QualityStudy& study, std::size_t metric) {
    std::vector<Choice> choices;
    std::vector<std::size_t> whose;
    for (std::size_t i = 0; i < study.points.size(); ++i) {
        const QualityPoint& point = study.points[i];
        if (!point.values[metric])
            continue;
        choices.push_back({static_cast<double>(point.kvBytesPerToken), *point.values[metric]});
        whose.push_back(i);
    }
    std::vector<bool> on(study.points.size());
    for (const std::size_t i : frontier(choices, study.metrics[metric].higherIsBetter))
        on[whose[i]] = true;
    return on;
}

} // namespace

TradeOffData buildTradeOff(const QualityStudy& study, std::size_t metric) {
    TradeOffData data;
    data.study = plain(study.title);
    data.metric = plain(study.metrics[metric].name);
    data.higherIsBetter = study.metrics[metric].higherIsBetter;
    data.citation = plain(study.citation);
    data.note = plain(study.note);
    data.own = study.own;
    const std::vector<bool> on = onFrontier(study, metric);
    for (std::size_t i = 0; i < study.points.size(); ++i)
        if (const QualityPoint& point = study.points[i]; point.values[metric])
            data.points.push_back({plain(point.model), slotOf(point.attention),
                                   static_cast<double>(point.kvBytesPerToken),
                                   *point.values[metric], on[i]});
    return data;
}

TableData tradeOffTable(const QualityStudy& study, std::size_t metric) {
    TableData table;
    table.columns = {{say(QT_TRANSLATE_NOOP("TradeOff", "Model")), ColumnKind::Words},
                     {say(QT_TRANSLATE_NOOP("TradeOff", "Attention")), ColumnKind::Words},
                     {say(QT_TRANSLATE_NOOP("TradeOff", "KV per token"))}};
    for (const QualityMetric& each : study.metrics)
        table.columns.push_back({each.higherIsBetter
                                     ? say(QT_TRANSLATE_NOOP("TradeOff", "%1\n(higher is better)"))
                                           .arg(plain(each.name))
                                     : say(QT_TRANSLATE_NOOP("TradeOff", "%1\n(lower is better)"))
                                           .arg(plain(each.name))});
    table.columns.push_back({say(QT_TRANSLATE_NOOP("TradeOff", "On the frontier\nof %1"))
                                 .arg(plain(study.metrics[metric].name)),
                             ColumnKind::Words});
    const std::vector<bool> on = onFrontier(study, metric);
    for (std::size_t i = 0; i < study.points.size(); ++i) {
        const QualityPoint& point = study.points[i];
        QStringList row{plain(point.model), plain(point.attention).toUpper(),
                        plain(formatBytes(point.kvBytesPerToken))};
        for (const std::optional<double>& value : point.values)
            row << (value ? QString::number(*value, 'g', 6) : QStringLiteral("–"));
        row << (on[i] ? say(QT_TRANSLATE_NOOP("TradeOff", "yes")) : QString());
        table.rows.push_back(row);
    }
    return table;
}

} // namespace decodescope
