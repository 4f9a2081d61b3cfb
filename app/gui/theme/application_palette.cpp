// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/theme/application_palette.h"

#include <QApplication>
#include <QPalette>

#include "app/gui/theme/house_style.h"
#include "app/gui/theme/theme.h"

namespace decodescope {
namespace {

/// What the widgets need beyond the Theme's colours.
struct Grounds {
    QColor window, alternate, button, tooltip, highlight;
};

Grounds grounds(const Theme& theme) {
    if (theme.dark)
        return {QColor(0x1B, 0x1E, 0x22), QColor(0x25, 0x29, 0x2F), QColor(0x2D, 0x32, 0x38),
                QColor(0x2D, 0x32, 0x38), QColor(0x2F, 0x6F, 0xC4)};
    return {QColor(0xF6, 0xF7, 0xF8), QColor(0xF6, 0xF8, 0xFA), QColor(0xFC, 0xFC, 0xFD), Qt::white,
            theme.accent};
}

QPalette paletteOf(const Theme& theme) {
    const Grounds ground = grounds(theme);
    QPalette colours(ground.button, ground.window);
    for (const QPalette::ColorRole role :
         {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::ToolTipText})
        colours.setColor(role, theme.text);
    colours.setColor(QPalette::Base, theme.ground);
    colours.setColor(QPalette::AlternateBase, ground.alternate);
    colours.setColor(QPalette::ToolTipBase, ground.tooltip);
    colours.setColor(QPalette::PlaceholderText, theme.mutedText);
    colours.setColor(QPalette::BrightText, theme.error);
    colours.setColor(QPalette::Highlight, ground.highlight);
    colours.setColor(QPalette::HighlightedText, Qt::white);
    colours.setColor(QPalette::Link, theme.accent);
    for (const QPalette::ColorRole role :
         {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        colours.setColor(QPalette::Disabled, role, theme.axis);
    return colours;
}

} // namespace

QString name(ThemeChoice choice) {
    switch (choice) {
    case ThemeChoice::System:
        return QStringLiteral("system");
    case ThemeChoice::Light:
        return QStringLiteral("light");
    case ThemeChoice::Dark:
        return QStringLiteral("dark");
    }
    return {};
}

std::optional<ThemeChoice> parseThemeChoice(const QString& text) {
    for (const ThemeChoice choice : {ThemeChoice::System, ThemeChoice::Light, ThemeChoice::Dark})
        if (name(choice) == text)
            return choice;
    return std::nullopt;
}

void applyTheme(ThemeChoice choice) {
    static const bool platformIsDark = isDark(QApplication::palette());
    if (!qobject_cast<HouseStyle*>(QApplication::style()))
        QApplication::setStyle(new HouseStyle);
    const bool dark =
        choice == ThemeChoice::Dark || (choice == ThemeChoice::System && platformIsDark);
    QApplication::setPalette(paletteOf(dark ? darkTheme() : lightTheme()));
}

} // namespace decodescope
