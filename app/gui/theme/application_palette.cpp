// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/theme/application_palette.h"

#include <QApplication>
#include <QPalette>
#include <QStyleFactory>

namespace decodescope {
namespace {

QPalette lightPalette() {
    QPalette colours;
    colours.setColor(QPalette::Window, QColor(0xF6, 0xF7, 0xF8));
    colours.setColor(QPalette::WindowText, QColor(0x1D, 0x21, 0x26));
    colours.setColor(QPalette::Base, Qt::white);
    colours.setColor(QPalette::AlternateBase, QColor(0xF3, 0xF5, 0xF7));
    colours.setColor(QPalette::Text, QColor(0x1D, 0x21, 0x26));
    colours.setColor(QPalette::Button, QColor(0xEE, 0xF0, 0xF2));
    colours.setColor(QPalette::ButtonText, QColor(0x1D, 0x21, 0x26));
    colours.setColor(QPalette::BrightText, Qt::red);
    colours.setColor(QPalette::ToolTipBase, Qt::white);
    colours.setColor(QPalette::ToolTipText, QColor(0x1D, 0x21, 0x26));
    colours.setColor(QPalette::PlaceholderText, QColor(0x66, 0x6E, 0x78));
    colours.setColor(QPalette::Highlight, QColor(0x1A, 0x5F, 0xB4));
    colours.setColor(QPalette::HighlightedText, Qt::white);
    colours.setColor(QPalette::Link, QColor(0x1A, 0x5F, 0xB4));
    return colours;
}

QPalette darkPalette() {
    QPalette colours(QColor(0x2A, 0x2E, 0x34), QColor(0x1B, 0x1E, 0x22));
    colours.setColor(QPalette::WindowText, QColor(0xE6, 0xE9, 0xED));
    colours.setColor(QPalette::Base, QColor(0x20, 0x24, 0x29));
    colours.setColor(QPalette::AlternateBase, QColor(0x25, 0x29, 0x2F));
    colours.setColor(QPalette::Text, QColor(0xE6, 0xE9, 0xED));
    colours.setColor(QPalette::ButtonText, QColor(0xE6, 0xE9, 0xED));
    colours.setColor(QPalette::BrightText, Qt::red);
    colours.setColor(QPalette::ToolTipBase, QColor(0x2A, 0x2E, 0x34));
    colours.setColor(QPalette::ToolTipText, QColor(0xE6, 0xE9, 0xED));
    colours.setColor(QPalette::PlaceholderText, QColor(0x98, 0xA1, 0xAC));
    colours.setColor(QPalette::Highlight, QColor(0x3A, 0x7B, 0xD5));
    colours.setColor(QPalette::HighlightedText, Qt::white);
    colours.setColor(QPalette::Link, QColor(0x8A, 0xB4, 0xF8));
    return colours;
}

void fade(QPalette& colours) {
    const QColor faded = colours.color(QPalette::PlaceholderText);
    for (const QPalette::ColorRole role :
         {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        colours.setColor(QPalette::Disabled, role, faded);
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
    static const QPalette platform = QApplication::palette();
    if (choice == ThemeChoice::System) {
        QApplication::setPalette(platform);
        return;
    }
    QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    QPalette colours = choice == ThemeChoice::Dark ? darkPalette() : lightPalette();
    fade(colours);
    QApplication::setPalette(colours);
}

} // namespace decodescope
