// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/overview_data.h"

#include <algorithm>

#include <QCoreApplication>

#include "core/plan/unverified.h"

namespace decodescope {

std::vector<std::string> variantLabels(const OverviewData& overview) {
    std::vector<std::string> labels;
    for (const VariantSeries& variant : overview.variants)
        labels.push_back(variant.label.toStdString());
    return labels;
}

QString boundWords(const QString& bound) {
    const auto say = [](const char* text) {
        return QCoreApplication::translate("OverviewData", text);
    };
    if (bound.isEmpty() || bound == QLatin1String("unknown"))
        return {};
    if (bound == QLatin1String("mixed"))
        return say(QT_TRANSLATE_NOOP("OverviewData", "no single bound"));
    if (bound == QLatin1String("instructions"))
        return say(QT_TRANSLATE_NOOP("OverviewData", "instruction-limited"));
    return say(QT_TRANSLATE_NOOP("OverviewData", "%1-bound")).arg(bound);
}

QString markedText(const QString& text, bool unverified) {
    return QString::fromStdString(marked(text.toStdString(), unverified));
}

double curveAt(const std::vector<QPointF>& curve, double x) {
    if (curve.empty())
        return 0;
    const auto next =
        std::lower_bound(curve.begin(), curve.end(), x,
                         [](const QPointF& point, double at) { return point.x() < at; });
    if (next == curve.begin())
        return curve.front().y();
    if (next == curve.end())
        return curve.back().y();
    const QPointF& before = *(next - 1);
    const double share = (x - before.x()) / (next->x() - before.x());
    return before.y() + share * (next->y() - before.y());
}

} // namespace decodescope
