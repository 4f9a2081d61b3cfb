// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/theme/type_scale.h"

#include <QApplication>

namespace decodescope {
namespace {

constexpr double kNoteScale = 0.9;
constexpr double kTitleScale = 1.3;
constexpr double kFigureScale = 2.3;

/// Fonts come in points or, from some platforms, in pixels.
void scale(QFont& font, double by) {
    if (font.pointSizeF() > 0)
        font.setPointSizeF(font.pointSizeF() * by);
    else
        font.setPixelSize(qRound(font.pixelSize() * by));
}

} // namespace

QFont textFont(TextSize size) {
    QFont font = QApplication::font();
    switch (size) {
    case TextSize::Note:
        scale(font, kNoteScale);
        break;
    case TextSize::Body:
        break;
    case TextSize::Heading:
        font.setWeight(QFont::DemiBold);
        break;
    case TextSize::Title:
        scale(font, kTitleScale);
        font.setWeight(QFont::DemiBold);
        break;
    case TextSize::Figure:
        scale(font, kFigureScale);
        font.setWeight(QFont::DemiBold);
        break;
    }
    return font;
}

} // namespace decodescope
