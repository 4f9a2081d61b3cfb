// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/outside_mask.h"

namespace decodescope {
namespace {

const QString kMask = QStringLiteral("mask");
const QString kAbove = QStringLiteral("labels");

} // namespace

OutsideMask::OutsideMask(QCustomPlot* plot) : QCPAbstractItem(plot) {
    plot->addLayer(kMask, plot->layer(QStringLiteral("main")));
    plot->addLayer(kAbove, plot->layer(kMask));
    setLayer(kMask);
    setSelectable(false);
    setClipToAxisRect(false);
}

const QString& OutsideMask::layerAbove() {
    return kAbove;
}

QRect OutsideMask::clipRect() const {
    return mParentPlot->viewport();
}

void OutsideMask::draw(QCPPainter* painter) {
    if (!painter->modes().testFlag(QCPPainter::pmVectorized))
        return;
    const QRect whole = mParentPlot->viewport();
    // A pixel is left for marks that sit on an edge.
    const QRect inside = mParentPlot->axisRect()->rect().adjusted(-1, -1, 1, 1);
    painter->setPen(Qt::NoPen);
    painter->setBrush(m_ground);
    painter->drawRect(QRect(whole.topLeft(), QPoint(whole.right(), inside.top())));
    painter->drawRect(QRect(QPoint(whole.left(), inside.bottom()), whole.bottomRight()));
    painter->drawRect(QRect(whole.topLeft(), QPoint(inside.left(), whole.bottom())));
    painter->drawRect(QRect(QPoint(inside.right(), whole.top()), whole.bottomRight()));
}

} // namespace decodescope
