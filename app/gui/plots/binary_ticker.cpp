// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/binary_ticker.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kFewDecades = 2.2; // below this a log axis shows too few powers of ten
constexpr double kFewOctaves = 2.5; // below this a log axis shows too few powers of two
constexpr int kLeastTicks = 3;      // below this equal steps tell more of so short a range
constexpr double kThreeFigures = 100;
constexpr double kTwoFigures = 10;
constexpr double kRounding = 1e-9; // of a tick: what sums of steps leave

/// "1,240", "41.25", "0.2": a tick's number in full, in the C locale.
QString plainNumber(double tick) {
    const double whole = std::round(tick);
    if (std::abs(tick) >= kTwoFigures && std::abs(tick - whole) <= kRounding * std::abs(tick))
        return QString::fromStdString(formatCount(std::llround(tick)));
    return QString::number(tick, 'g', 5);
}

double powerOfTwoAbove(double value) {
    return std::exp2(std::ceil(std::log2(value)));
}

} // namespace

BinaryTicker::BinaryTicker(Scale scale, Label label) : m_scale(scale), m_label(std::move(label)) {}

double BinaryTicker::getTickStep(const QCPRange& range) {
    return powerOfTwoAbove(std::max(range.size(), 1e-9) / tickCount());
}

QVector<double> BinaryTicker::createTickVector(double tickStep, const QCPRange& range) {
    QVector<double> ticks;
    const double octaves = range.lower > 0 ? std::log2(range.upper / range.lower) : 0;
    if (m_scale == Scale::Linear || octaves < kFewOctaves)
        return QCPAxisTicker::createTickVector(tickStep, range);
    const double step = std::max(1.0, std::ceil(octaves / tickCount()));
    const double first = std::ceil(std::log2(range.lower) / step - 1e-9) * step;
    for (double exponent = first; exponent <= std::log2(range.upper) + 1e-9; exponent += step)
        ticks.append(std::exp2(exponent));
    return ticks;
}

int BinaryTicker::getSubTickCount(double) {
    return 0;
}

QString BinaryTicker::getTickLabel(double tick, const QLocale&, QChar, int) {
    return m_label(tick);
}

QVector<double> DecadeTicker::createTickVector(double tickStep, const QCPRange& range) {
    if (!(range.lower > 0))
        return QCPAxisTicker::createTickVector(tickStep, range);
    const double decades = std::log10(range.upper / range.lower);
    const double step = std::max(1.0, std::ceil(decades / tickCount()));
    const bool between = decades < kFewDecades;
    QVector<double> ticks;
    for (double exponent = std::floor(std::log10(range.lower) / step) * step;
         exponent <= std::log10(range.upper); exponent += step)
        for (const double factor : {1.0, 2.0, 5.0})
            if (factor == 1 || between)
                ticks.append(factor * std::pow(10, exponent));
    const auto inView = std::count_if(ticks.begin(), ticks.end(),
                                      [&range](double tick) { return range.contains(tick); });
    return decades < 1 && inView < kLeastTicks ? QCPAxisTicker::createTickVector(tickStep, range)
                                               : ticks;
}

int DecadeTicker::getSubTickCount(double) {
    return 0;
}

QString DecadeTicker::getTickLabel(double tick, const QLocale&, QChar, int) {
    return plainNumber(tick);
}

QString PlainTicker::getTickLabel(double tick, const QLocale&, QChar, int) {
    return plainNumber(tick);
}

QString tokensLabel(double tokens) {
    const auto whole = static_cast<std::int64_t>(std::llround(tokens));
    return QString::fromStdString(formatTokensShort(whole));
}

QString bytesLabel(double bytes) {
    const double positive = std::max(0.0, bytes);
    QString text = QString::fromStdString(formatBytes(static_cast<std::uint64_t>(positive)));
    return text.replace(QStringLiteral(".0 "), QStringLiteral(" "));
}

QString rateLabel(double rate) {
    if (rate >= kThreeFigures)
        return QString::fromStdString(formatCount(std::llround(rate)));
    if (rate > 0 && rate < 1)
        return QString::number(rate, 'g', 2); // a slow machine is not one that stands still
    return QString::number(rate, 'f', rate >= kTwoFigures ? 1 : 2);
}

} // namespace decodescope
