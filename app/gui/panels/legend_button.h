// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractButton>

#include "app/gui/plots/overview_data.h"

namespace decodescope {

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
