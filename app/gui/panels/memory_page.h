// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/panels/chart_page.h"

class QComboBox;
class QToolButton;

namespace decodescope {

class MemoryStackPlot;
class RunStore;

/// What one variant needs of the device's memory at each context, part by part, and what runs have
/// allocated of it.
class MemoryPage : public ChartPage {
    Q_OBJECT
public:
    MemoryPage(Session& session, const RunStore& runs, QWidget* parent = nullptr);

protected:
    [[nodiscard]] bool takeData() override;
    [[nodiscard]] TableData tableData() const override;

private:
    void buildControls();

    const RunStore& m_runs;
    QString m_variant; ///< its label; empty: the model as it is
    QComboBox* m_variants;
    QToolButton* m_whole;
    MemoryStackPlot* m_chart;
};

} // namespace decodescope
