// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointF>

#include "app/gui/theme/theme.h"

class QPainter;

namespace decodescope {

/// Draws the mark of a series, `size` pixels across, around `centre`. Hollow is predicted, filled
/// is measured.
void drawMark(QPainter& painter, const QPointF& centre, double size, Marker shape,
              const QColor& colour, bool filled);

} // namespace decodescope
