// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/theme/theme.h"

#include <QPalette>

namespace decodescope {
namespace {

constexpr int kDarkBelow = 128; // of 255: lightness of a dark window

Theme makeLight() {
    Theme theme;
    theme.ground = Qt::white;
    theme.text = QColor(0x1D, 0x21, 0x26);
    theme.mutedText = QColor(0x5C, 0x64, 0x6E);
    theme.axis = QColor(0x8C, 0x94, 0x9E);
    theme.grid = QColor(0xE6, 0xE9, 0xED);
    theme.capacity = QColor(0xB3, 0x26, 0x1E);
    theme.accent = QColor(0x1A, 0x5F, 0xB4);
    theme.error = QColor(0xB3, 0x26, 0x1E);
    theme.good = QColor(0x1B, 0x7F, 0x4B);
    theme.partly = QColor(0x9A, 0x5B, 0x00);
    theme.card = Qt::white;
    theme.series = {QColor(0x00, 0x72, 0xB2), QColor(0xD5, 0x5E, 0x00), QColor(0x00, 0x9E, 0x73),
                    QColor(0xCC, 0x79, 0xA7)};
    theme.memory = {QColor(0x5B, 0x6B, 0x8C), QColor(0x1A, 0x73, 0xC9), QColor(0x8A, 0x5F, 0xB0),
                    QColor(0xA8, 0x6A, 0x1D), QColor(0x8C, 0x94, 0x9E)};
    return theme;
}

Theme makeDark() {
    Theme theme;
    theme.dark = true;
    theme.ground = QColor(0x20, 0x24, 0x29);
    theme.text = QColor(0xE6, 0xE9, 0xED);
    theme.mutedText = QColor(0xA4, 0xAD, 0xB8);
    theme.axis = QColor(0x7C, 0x86, 0x92);
    theme.grid = QColor(0x32, 0x37, 0x3E);
    theme.capacity = QColor(0xF2, 0x8B, 0x82);
    theme.accent = QColor(0x8A, 0xB4, 0xF8);
    theme.error = QColor(0xF2, 0x8B, 0x82);
    theme.good = QColor(0x62, 0xC9, 0x94);
    theme.partly = QColor(0xE3, 0xAC, 0x52);
    theme.card = QColor(0x25, 0x29, 0x2F);
    theme.series = {QColor(0x56, 0xB4, 0xE9), QColor(0xE6, 0x9F, 0x00), QColor(0x33, 0xB9, 0x8F),
                    QColor(0xCC, 0x79, 0xA7)};
    theme.memory = {QColor(0x8E, 0x9C, 0xBA), QColor(0x5A, 0xA9, 0xF2), QColor(0xB8, 0x93, 0xD6),
                    QColor(0xD9, 0xA2, 0x5B), QColor(0x7C, 0x86, 0x92)};
    return theme;
}

} // namespace

QColor Theme::colour(SeriesSlot slot) const {
    return series[static_cast<std::size_t>(slot)];
}

QColor Theme::colour(MemoryPart part) const {
    return memory[static_cast<std::size_t>(part)];
}

const Theme& lightTheme() {
    static const Theme theme = makeLight();
    return theme;
}

const Theme& darkTheme() {
    static const Theme theme = makeDark();
    return theme;
}

bool isDark(const QPalette& palette) {
    return palette.color(QPalette::Window).lightness() < kDarkBelow;
}

const Theme& themeOf(const QPalette& palette) {
    return isDark(palette) ? darkTheme() : lightTheme();
}

Marker marker(SeriesSlot slot) {
    switch (slot) {
    case SeriesSlot::Mha:
        return Marker::Disc;
    case SeriesSlot::Gqa:
        return Marker::Square;
    case SeriesSlot::Mqa:
        return Marker::Diamond;
    case SeriesSlot::Extra:
        return Marker::Triangle;
    }
    return Marker::Disc;
}

QPen seriesPen(const Theme& theme, SeriesSlot slot, double width) {
    QPen pen(theme.colour(slot), width);
    pen.setCapStyle(Qt::FlatCap);
    switch (slot) {
    case SeriesSlot::Mha:
        pen.setStyle(Qt::SolidLine);
        break;
    case SeriesSlot::Gqa:
        pen.setDashPattern({6, 3});
        break;
    case SeriesSlot::Mqa:
        pen.setDashPattern({1.5, 2});
        break;
    case SeriesSlot::Extra:
        pen.setDashPattern({6, 2, 1.5, 2, 1.5, 2});
        break;
    }
    return pen;
}

} // namespace decodescope
