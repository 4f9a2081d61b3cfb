// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include <qcustomplot.h>

namespace decodescope {

/// Ticks at powers of two (log axes) or at multiples of one (linear axes), which is where token
/// counts and sizes in memory are round numbers.
class BinaryTicker : public QCPAxisTicker {
public:
    enum class Scale { Linear, Log };
    using Label = std::function<QString(double)>;
    BinaryTicker(Scale scale, Label label);

protected:
    QVector<double> createTickVector(double tickStep, const QCPRange& range) override;
    double getTickStep(const QCPRange& range) override;
    int getSubTickCount(double tickStep) override;
    QString getTickLabel(double tick, const QLocale& locale, QChar formatChar,
                         int precision) override;

private:
    Scale m_scale;
    Label m_label;
};

/// Ticks of a log axis of rates: powers of ten or, where few of them are in view, 1, 2 and 5 times
/// those, or equal steps.
class DecadeTicker : public QCPAxisTicker {
protected:
    QVector<double> createTickVector(double tickStep, const QCPRange& range) override;
    int getSubTickCount(double tickStep) override;
    QString getTickLabel(double tick, const QLocale& locale, QChar formatChar,
                         int precision) override;
};

/// Ticks of a linear axis of numbers.
class PlainTicker : public QCPAxisTicker {
protected:
    QString getTickLabel(double tick, const QLocale& locale, QChar formatChar,
                         int precision) override;
};

/// "64K", "1M", "1,500".
[[nodiscard]] QString tokensLabel(double tokens);
/// "512 KiB", "16 GiB".
[[nodiscard]] QString bytesLabel(double bytes);
/// "0.35", "12.5", "1,240": three figures, which is more than a measurement is sure of.
[[nodiscard]] QString rateLabel(double rate);

} // namespace decodescope
