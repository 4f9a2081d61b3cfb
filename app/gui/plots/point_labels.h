// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <utility>
#include <vector>

#include <qcustomplot.h>

namespace decodescope {

struct PointLabel {
    QPointF at; ///< coordinates of the axes
    QString text;
    QColor colour;
};

/// Texts beside points. Each goes where it covers no mark and no text before it; one that finds no
/// such place is left out, so those that matter come first.
class PointLabels : public QCPAbstractItem {
    Q_OBJECT
public:
    explicit PointLabels(QCustomPlot& plot);
    void setLabels(std::vector<PointLabel> labels) { m_labels = std::move(labels); }
    /// Marks that no text may cover; those of the labels too.
    void setMarks(std::vector<QPointF> marks, double size);
    /// Upright and level lines that no text may cover.
    void setLines(std::vector<std::pair<QPointF, QPointF>> lines) { m_lines = std::move(lines); }
    void setFont(const QFont& font) { m_font = font; }
    /// What the last drawing had room for.
    [[nodiscard]] const QStringList& placed() const { return m_placed; }
    /// Where those are, in pixels.
    [[nodiscard]] const std::vector<QRectF>& boxes() const { return m_boxes; }

    double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }

protected:
    void draw(QCPPainter* painter) override;

private:
    [[nodiscard]] QPointF pixel(const QPointF& at) const;

    std::vector<PointLabel> m_labels;
    std::vector<QPointF> m_marks;
    std::vector<std::pair<QPointF, QPointF>> m_lines;
    double m_markSize = 8;
    QFont m_font;
    QStringList m_placed;
    std::vector<QRectF> m_boxes;
};

} // namespace decodescope
