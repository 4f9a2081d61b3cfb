// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <utility>
#include <vector>

#include <qcustomplot.h>

namespace decodescope {

/// A text along a straight line of the plot, on the part of it that is in view, wherever that is.
/// It goes where it is wanted or, where a mark or another text lies there, to the nearest place of
/// the line that is free; where none is, it is left out.
class LineLabel : public QCPAbstractItem {
    Q_OBJECT
public:
    enum class Place { Start, End }; ///< of the part in view
    enum class Side { Above, Below };

    LineLabel(QCustomPlot& plot, const QString& text, const QPointF& from, const QPointF& to);
    void setPlace(Place place, Side side);
    void setStyle(const QFont& font, const QColor& colour, const QColor& behind);
    /// Marks that the text may not cover: where, and how large in pixels.
    void setMarks(std::vector<std::pair<QPointF, double>> marks) { m_marks = std::move(marks); }
    /// Other lines, from and to, that may not cross it.
    void setLines(std::vector<std::pair<QPointF, QPointF>> lines) { m_lines = std::move(lines); }
    /// Texts that are drawn before it, which it may not cover.
    void setOthers(std::vector<const LineLabel*> others) { m_others = std::move(others); }
    [[nodiscard]] QString text() const { return m_text; }
    /// Where the last drawing put the text, in pixels; empty: it found no room.
    [[nodiscard]] const QPolygonF& placed() const { return m_placed; }

    double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }

protected:
    void draw(QCPPainter* painter) override;

private:
    [[nodiscard]] QPointF pixel(const QPointF& at) const;
    [[nodiscard]] std::vector<QRectF> placesOn(double length) const;
    [[nodiscard]] bool isFree(const QRectF& place, const QTransform& toPlot) const;

    QString m_text;
    QPointF m_from, m_to; ///< coordinates of the axes
    Place m_place = Place::Start;
    Side m_side = Side::Above;
    QFont m_font;
    QColor m_colour, m_behind;
    std::vector<std::pair<QPointF, double>> m_marks;
    std::vector<std::pair<QPointF, QPointF>> m_lines;
    std::vector<const LineLabel*> m_others;
    QPolygonF m_placed;
};

} // namespace decodescope
