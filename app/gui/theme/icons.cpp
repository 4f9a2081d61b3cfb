// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/theme/icons.h"

#include <memory>
#include <optional>
#include <utility>

#include <QFile>
#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QSvgRenderer>

// The linker takes an object out of a static library only if something asks for it: this asks for
// the compiled resources. The macro works in the global namespace alone.
static void registerIcons() {
    Q_INIT_RESOURCE(icons);
}

namespace decodescope {
namespace {

constexpr double kDisabledOpacity = 0.38;

/// Draws one SVG in the colour of a palette. Looks the colour up at each drawing.
class TintedIcon : public QIconEngine {
public:
    TintedIcon(const QString& file, std::optional<QPalette> palette, QPalette::ColorRole role)
        : m_svg(std::make_shared<QSvgRenderer>(file)), m_palette(std::move(palette)), m_role(role) {
    }

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode,
               QIcon::State state) override {
        const double ratio = painter->device() ? painter->device()->devicePixelRatioF() : 1;
        painter->drawPixmap(rect, scaledPixmap(rect.size() * ratio, mode, state, ratio));
    }

    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        return scaledPixmap(size, mode, state, 1);
    }

    /// `size` is in device pixels. QIcon sets the pixmap's ratio.
    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State,
                         qreal /*scale*/) override {
        QPixmap drawn(size);
        drawn.fill(Qt::transparent);
        QPainter painter(&drawn);
        const int side = std::min(size.width(), size.height());
        const QRectF square((size.width() - side) / 2.0, (size.height() - side) / 2.0, side, side);
        m_svg->render(&painter, square);
        painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
        painter.fillRect(drawn.rect(), colour(mode));
        return drawn;
    }

    [[nodiscard]] QIconEngine* clone() const override { return new TintedIcon(*this); }

private:
    [[nodiscard]] QColor colour(QIcon::Mode mode) const {
        const QPalette palette = m_palette.value_or(QGuiApplication::palette());
        const bool selected = mode == QIcon::Selected;
        QColor colour =
            palette.color(QPalette::Active, selected ? QPalette::HighlightedText : m_role);
        if (mode == QIcon::Disabled)
            colour.setAlphaF(static_cast<float>(kDisabledOpacity));
        return colour;
    }

    std::shared_ptr<QSvgRenderer> m_svg;
    std::optional<QPalette> m_palette;
    QPalette::ColorRole m_role;
};

void needIcons() {
    static const bool registered = (registerIcons(), true);
    Q_UNUSED(registered);
}

QIcon make(const QString& name, std::optional<QPalette> palette, QPalette::ColorRole role) {
    needIcons();
    const QString file = QStringLiteral(":/icons/%1.svg").arg(name);
    Q_ASSERT_X(QFile::exists(file), "themedIcon", qPrintable(file));
    return QIcon(new TintedIcon(file, std::move(palette), role));
}

} // namespace

QIcon themedIcon(const QString& name, QPalette::ColorRole role) {
    return make(name, std::nullopt, role);
}

QIcon themedIcon(const QString& name, const QPalette& palette) {
    return make(name, palette, QPalette::ButtonText);
}

QIcon applicationIcon() {
    needIcons();
    QSvgRenderer svg(QStringLiteral(":/icons/decodescope.svg"));
    QIcon icon;
    for (const int side : {16, 24, 32, 48, 64, 128, 256}) {
        QPixmap drawn(side, side);
        drawn.fill(Qt::transparent);
        QPainter painter(&drawn);
        svg.render(&painter);
        painter.end();
        icon.addPixmap(drawn);
    }
    return icon;
}

} // namespace decodescope
