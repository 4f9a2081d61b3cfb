// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/speed_curve_data.h"

namespace decodescope {
namespace {

constexpr double kMsPerSecond = 1000;

} // namespace

double inUnit(SpeedUnit unit, double ms, std::int64_t batch) {
    return unit == SpeedUnit::Tpot ? ms : static_cast<double>(batch) * kMsPerSecond / ms;
}

} // namespace decodescope
