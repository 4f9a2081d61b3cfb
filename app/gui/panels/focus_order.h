// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

class QWidget;

namespace decodescope {

/// What takes the focus of the keyboard now in these parts of a window, one part after the other
/// and each as its layouts are read: row by row, whenever the widgets were made. What no layout
/// holds is left out.
[[nodiscard]] std::vector<QWidget*> focusStops(const std::vector<QWidget*>& parts);

} // namespace decodescope
