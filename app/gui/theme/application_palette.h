// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include <QString>

namespace decodescope {

enum class ThemeChoice { System, Light, Dark };

/// "system", "light", "dark", as kept in the settings and written in options.
[[nodiscard]] QString name(ThemeChoice choice);
[[nodiscard]] std::optional<ThemeChoice> parseThemeChoice(const QString& text);

/// Gives the whole application our style and the palette of this choice. System is ours too: the
/// dark one where the platform's palette was dark when the application started.
void applyTheme(ThemeChoice choice);

} // namespace decodescope
