// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/plot_footer.h"

namespace decodescope {
namespace {

constexpr int kFlags = Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap;
constexpr QMargins kAround(10, 2, 10, 6);

} // namespace

PlotFooter::PlotFooter(QCustomPlot& plot) : QCPLayoutElement(&plot) {
    setMargins({});
}

void PlotFooter::setText(const QString& text) {
    m_text = text;
}

void PlotFooter::setStyle(const QFont& font, const QColor& colour) {
    m_font = font;
    m_colour = colour;
}

void PlotFooter::fitTo(int width) {
    const int room = std::max(1, width - kAround.left() - kAround.right());
    const int text = QFontMetrics(m_font).boundingRect(0, 0, room, 0, kFlags, m_text).height();
    m_height = m_text.isEmpty() ? 0 : text + kAround.top() + kAround.bottom();
}

QSize PlotFooter::minimumOuterSizeHint() const {
    return {0, m_height};
}

QSize PlotFooter::maximumOuterSizeHint() const {
    return {QWIDGETSIZE_MAX, m_height};
}

void PlotFooter::draw(QCPPainter* painter) {
    painter->setFont(m_font);
    painter->setPen(m_colour);
    painter->drawText(outerRect().marginsRemoved(kAround), kFlags, m_text);
}

} // namespace decodescope
