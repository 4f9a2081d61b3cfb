// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/si_text.h"

#include <cmath>

#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kThousand = 1000;
constexpr double kRoundsUp = 999.5; // what three figures would write as 1000
const char* const kPrefixes[] = {"", "k", "M", "G", "T", "P", "E"};

} // namespace

QString siText(double value, const QString& unit) {
    std::size_t prefix = 0;
    double shown = value > 0 && std::isfinite(value) ? value : 0;
    while (shown >= kRoundsUp && prefix + 1 < std::size(kPrefixes)) {
        shown /= kThousand;
        ++prefix;
    }
    return QString::number(shown, 'g', 3) + QLatin1Char(' ') + QLatin1String(kPrefixes[prefix]) +
           unit;
}

QString intensityText(double flopPerByte) {
    if (flopPerByte >= kRoundsUp)
        return QString::fromStdString(formatCount(std::llround(flopPerByte)));
    return QString::number(flopPerByte, 'g', 3);
}

} // namespace decodescope
