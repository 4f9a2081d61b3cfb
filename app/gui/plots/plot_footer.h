// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

namespace decodescope {

/// Words under a chart, wrapped to its width: what a picture of it must not lose.
class PlotFooter : public QCPLayoutElement {
    Q_OBJECT
public:
    explicit PlotFooter(QCustomPlot& plot);
    void setText(const QString& text);
    [[nodiscard]] const QString& text() const { return m_text; }
    void setStyle(const QFont& font, const QColor& colour);
    /// Takes the height that the text needs in a chart of this width.
    void fitTo(int width);

    [[nodiscard]] QSize minimumOuterSizeHint() const override;
    [[nodiscard]] QSize maximumOuterSizeHint() const override;

protected:
    void draw(QCPPainter* painter) override;

private:
    QString m_text;
    QFont m_font;
    QColor m_colour;
    int m_height = 0;
};

} // namespace decodescope
