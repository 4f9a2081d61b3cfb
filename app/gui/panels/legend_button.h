// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractButton>

#include "app/gui/plots/overview_data.h"

class QPainter;

namespace decodescope {

/// What all buttons of a legend are: checked while their series are drawn, and in focus by the
/// keyboard.
void makeLegendButton(QAbstractButton& button);
/// Paints their ground and their focus; what is painted after it is faint while they are not
/// checked.
void beginLegendButton(QPainter& painter, QAbstractButton& button);

/// One entry of the legend: a sample of the variant's line with its mark, its label and, where
/// there is room, its KV bytes per token. Checked: its series are drawn.
class LegendButton : public QAbstractButton {
    Q_OBJECT
public:
    explicit LegendButton(QWidget* parent = nullptr);
    void setSeries(const VariantSeries& series);
    void setDetailed(bool detailed);
    /// Width with the KV bytes per token, and without.
    [[nodiscard]] int widthOf(bool detailed) const;

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    SeriesSlot m_slot = SeriesSlot::Extra;
    QString m_cost;
    bool m_detailed = true;
};

} // namespace decodescope
