// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

namespace decodescope {

/// Covers what lies outside the axes in exported vectors, since an SVG knows no clipping: lines and
/// marks of a zoomed view would run over the whole picture. On a screen it draws nothing. What is
/// to be seen there nevertheless belongs on the layer above it.
class OutsideMask : public QCPAbstractItem {
public:
    /// Adds the layer of the mask and the one above it.
    explicit OutsideMask(QCustomPlot* plot);
    [[nodiscard]] static const QString& layerAbove();
    void setColor(const QColor& ground) { m_ground = ground; }

    double selectTest(const QPointF&, bool, QVariant* = nullptr) const override { return -1; }

protected:
    void draw(QCPPainter* painter) override;
    [[nodiscard]] QRect clipRect() const override;

private:
    QColor m_ground;
};

} // namespace decodescope
