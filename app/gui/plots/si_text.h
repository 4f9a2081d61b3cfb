// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace decodescope {

/// A rate in three figures with the prefix that suits it: "28.1 GFLOP/s", "3.35 TB/s"; prefixes are
/// powers of 1000. "0 " and the unit for what is not above zero.
[[nodiscard]] QString siText(double value, const QString& unit);
/// FLOP per byte, in three figures: "0.5", "4", "31.8", "1,240".
[[nodiscard]] QString intensityText(double flopPerByte);

} // namespace decodescope
