// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <optional>

#include "app/gui/panels/chart_page.h"
#include "app/gui/plots/speed_curve_data.h"

class QComboBox;

namespace decodescope {

class SpeedCurvePlot;

/// How fast each variant decodes, against context or batch: what is predicted, and what was
/// measured.
class SpeedPage : public ChartPage {
    Q_OBJECT
public:
    SpeedPage(Session& session, QAction* run, QWidget* parent = nullptr);

protected:
    [[nodiscard]] bool takeData() override;
    [[nodiscard]] TableData tableData() const override;

private:
    void buildControls();
    void setAxis(SpeedAxis axis);
    /// Lists what can be held; what was chosen stays while it can be.
    [[nodiscard]] std::int64_t fillHeld();

    SpeedAxis m_axis = SpeedAxis::Context;
    /// For each axis; absent: as usual.
    std::array<std::optional<std::int64_t>, 2> m_chosen;
    QComboBox* m_held;
    SpeedCurvePlot* m_chart;
};

} // namespace decodescope
