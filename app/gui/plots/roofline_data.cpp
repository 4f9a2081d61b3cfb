// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/roofline_data.h"

#include <algorithm>

#include <QCoreApplication>

#include "app/gui/plots/overview_data.h"
#include "app/gui/plots/si_text.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

QString say(const char* text) {
    return QCoreApplication::translate("Roofline", text);
}

QString partName(StepPart part) {
    switch (part) {
    case StepPart::Attention:
        return say(QT_TRANSLATE_NOOP("Roofline", "attention"));
    case StepPart::Linear:
        return say(QT_TRANSLATE_NOOP("Roofline", "linear layers"));
    case StepPart::Whole:
        break;
    }
    return say(QT_TRANSLATE_NOOP("Roofline", "whole step"));
}

} // namespace

QString roofRate(const Roof& roof) {
    return siText(roof.perSecond, roof.bandwidth ? QStringLiteral("B/s")
                                  : roof.integer ? QStringLiteral("OP/s")
                                                 : QStringLiteral("FLOP/s"));
}

QString roofText(const Roof& roof) {
    const QString text = roof.label + QLatin1Char(' ') + roofRate(roof);
    return markedText(roof.measured ? text
                                    : say(QT_TRANSLATE_NOOP("Roofline", "datasheet %1")).arg(text),
                      roof.unverified);
}

QString pointTitle(const RooflineData& data, const RooflinePoint& point) {
    return data.variants[static_cast<std::size_t>(point.variant)].label + QStringLiteral(" · ") +
           partName(point.part);
}

QString pointNumbers(const RooflinePoint& point) {
    QString text = say(QT_TRANSLATE_NOOP("Roofline", "%1 FLOP/B · %2"))
                       .arg(intensityText(point.intensity),
                            siText(point.flopPerSecond, QStringLiteral("FLOP/s")));
    if (point.ofRoof > 0)
        text += say(QT_TRANSLATE_NOOP("Roofline", " · %1 % of its roof"))
                    .arg(qRound(100 * point.ofRoof));
    return text;
}

QString pointOrigin(const RooflinePoint& point) {
    const QString at = QString::fromStdString(formatCount(point.context));
    if (point.measured)
        return say(QT_TRANSLATE_NOOP("Roofline", "measured at %1 tokens")).arg(at);
    const QString text = say(QT_TRANSLATE_NOOP("Roofline", "predicted at %1 tokens")).arg(at);
    return point.newTokens == 1
               ? text
               : text + say(QT_TRANSLATE_NOOP("Roofline", ", %1 new tokens a step"))
                            .arg(point.newTokens);
}

std::vector<RooflinePoint> bestKnown(const RooflineData& data, int newTokens) {
    std::vector<RooflinePoint> points;
    const auto find = [&](const std::vector<RooflinePoint>& all, int variant, StepPart part) {
        return std::find_if(all.begin(), all.end(), [&](const RooflinePoint& each) {
            return each.variant == variant && each.part == part;
        });
    };
    std::vector<RooflinePoint> predicted;
    for (const std::vector<RooflinePoint>& path : data.predicted)
        for (const RooflinePoint& point : path)
            if (point.newTokens == newTokens)
                predicted.push_back(point);
    for (int i = 0; i < static_cast<int>(data.variants.size()); ++i) {
        if (!data.variants[static_cast<std::size_t>(i)].visible)
            continue;
        for (const StepPart part : kStepParts) {
            const auto measured = find(data.measured, i, part);
            const auto computed = find(predicted, i, part);
            if (newTokens == 1 && measured != data.measured.end())
                points.push_back(*measured);
            else if (computed != predicted.end())
                points.push_back(*computed);
        }
    }
    return points;
}

} // namespace decodescope
