// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "app/gui/plots/compare_data.h"
#include "app/gui/plots/plot_widget.h"

namespace decodescope {

/// Tokens/s against the baseline's, on a log axis around 1: from a hollow mark on the baseline's
/// line to a filled one where the configuration is now, with its 95 % interval. What shows no
/// difference has a thin line. Predictions stay hollow, their lines dashed.
class ComparePlot : public PlotWidget {
    Q_OBJECT
public:
    explicit ComparePlot(QWidget* parent = nullptr);
    void setComparison(const CompareData& comparison);
    [[nodiscard]] QString description() const override;

protected:
    void draw() override;
    void fitAxes() override;
    [[nodiscard]] QString readAt(double x, double y) const override;

private:
    void drawMark(const ComparedMark& mark, double x);
    void drawBaseline();
    [[nodiscard]] double placeOf(const ComparedMark& mark) const;

    CompareData m_data;
    std::vector<QString> m_series;        ///< side by side at each context
    std::vector<std::int64_t> m_contexts; ///< ascending
};

} // namespace decodescope
