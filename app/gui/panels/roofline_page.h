// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/panels/chart_page.h"
#include "app/gui/plots/roofline_data.h"

class QComboBox;
class QSlider;

namespace decodescope {

class RooflineList;
class RooflinePlot;
struct DeviceSpec;

/// The roofline of the device, where the parts of a step lie under it, and what bounds each.
class RooflinePage : public ChartPage {
    Q_OBJECT
public:
    /// `run` measures the roofs where there are none; null: nobody to press it.
    RooflinePage(Session& session, QAction* run, QWidget* parent = nullptr);
    [[nodiscard]] RooflinePlot& plot() const { return *m_plot; }

protected:
    [[nodiscard]] bool takeData() override;
    [[nodiscard]] TableData tableData() const override;

private:
    void addParts();
    void addTokens();
    void addDatasheets();
    [[nodiscard]] const DeviceSpec* datasheet();
    void showPoints();

    RooflinePlot* m_plot;
    RooflineList* m_list;
    QSlider* m_tokens = nullptr;
    QComboBox* m_datasheets = nullptr;
    bool m_datasheetChosen = false; ///< by hand; otherwise it follows the device
};

} // namespace decodescope
