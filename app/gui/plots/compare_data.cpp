// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/compare_data.h"

#include <algorithm>

#include <QCoreApplication>
#include <QStringList>

#include "app/gui/plots/binary_ticker.h"

namespace decodescope {
namespace {

constexpr double kFinely = 2; // below twice and above half, a ratio is told to the hundredth

QString say(const char* text) {
    return QCoreApplication::translate("Comparison", text);
}

QString number(double ratio) {
    return ratio < kFinely && ratio > 1 / kFinely ? QString::number(ratio, 'f', 2)
                                                  : rateLabel(ratio);
}

} // namespace

QString changeText(Change change) {
    switch (change) {
    case Change::Faster:
        return say("faster");
    case Change::Slower:
        return say("slower");
    case Change::NoDifference:
        return say("no difference shown");
    case Change::NotComparable:
        return say("not comparable");
    }
    return {};
}

QString ratioText(double ratio) {
    return number(ratio) + QStringLiteral("×");
}

QString ratioText(const ComparedMark& mark) {
    const QString text = ratioText(mark.ratio);
    return mark.hasInterval() && mark.low < mark.high
               ? say("%1 (%2 to %3)").arg(text, number(mark.low), number(mark.high))
               : text;
}

QString countsText(const CompareData& data) {
    const auto count = [&](Change change) {
        return std::count_if(data.marks.begin(), data.marks.end(),
                             [&](const ComparedMark& mark) { return mark.change == change; });
    };
    QStringList parts;
    const auto add = [&](std::ptrdiff_t number, const QString& text) {
        if (number > 0)
            parts << text.arg(number);
    };
    add(count(Change::Faster), say("%1 faster"));
    add(count(Change::Slower), say("%1 slower"));
    add(count(Change::NoDifference), say("%1 with no difference shown"));
    add(count(Change::NotComparable) + data.notCompared, say("%1 not comparable"));
    return parts.join(QStringLiteral(", "));
}

} // namespace decodescope
