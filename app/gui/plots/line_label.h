// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

namespace decodescope {

/// A text along a straight line of the plot, on the part of it that is in view, wherever that is.
class LineLabel : public QCPAbstractItem {
    Q_OBJECT
public:
    enum class Place { Start, End }; ///< of the part in view
    enum class Side { Above, Below };

    LineLabel(QCustomPlot& plot, const QString& text, const QPointF& from, const QPointF& to);
    void setPlace(Place place, Side side);
    void setStyle(const QFont& font, const QColor& colour, const QColor& behind);
    [[nodiscard]] QString text() const { return m_text; }

    double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }

protected:
    void draw(QCPPainter* painter) override;

private:
    QString m_text;
    QPointF m_from, m_to; ///< coordinates of the axes
    Place m_place = Place::Start;
    Side m_side = Side::Above;
    QFont m_font;
    QColor m_colour, m_behind;
};

} // namespace decodescope
