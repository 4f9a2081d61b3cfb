// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QIcon>
#include <QPalette>
#include <QString>

namespace decodescope {

/// One of our monochrome icons (resources/icons/<name>.svg) in a colour of the application's
/// palette at the time of drawing, so that a change of theme needs no new icon. Disabled it is
/// faded. Sharp at every device pixel ratio. A name that is not there is a programming error.
[[nodiscard]] QIcon themedIcon(const QString& name,
                               QPalette::ColorRole role = QPalette::ButtonText);

/// The same in the text colour of this palette, whatever the application's becomes.
[[nodiscard]] QIcon themedIcon(const QString& name, const QPalette& palette);

/// The program's own picture, for windows and task bars.
[[nodiscard]] QIcon applicationIcon();

} // namespace decodescope
