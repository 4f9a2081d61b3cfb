// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/tab_page.h"

#include "app/gui/plots/plot_widget.h"

namespace decodescope {

TabPage::TabPage(const QString& name, const QString& title, Session& session, QWidget* parent)
    : QWidget(parent), m_session(session), m_title(title) {
    setObjectName(name + QStringLiteral("Page"));
    setAccessibleName(title);
    connect(&session, &Session::changed, this, &TabPage::refreshIfSeen);
}

PlotWidget* TabPage::focusedChart() const {
    for (PlotWidget* chart : charts())
        if (chart->hasFocus())
            return chart;
    return nullptr;
}

void TabPage::refreshIfSeen() {
    if (isVisible())
        refresh();
}

void TabPage::watch(PlotWidget* chart) {
    connect(chart, &PlotWidget::readout, this, &TabPage::readout);
    connect(chart, &PlotWidget::exportRequested, this,
            [this, chart] { emit exportRequested(chart); });
    connect(chart, &PlotWidget::copyRequested, this, [this, chart] { emit copyRequested(chart); });
    connect(chart, &PlotWidget::seriesToggleRequested, this, [this](int index) {
        const std::vector<VariantSeries>& variants = m_session.overview().variants;
        if (index < 0 || index >= static_cast<int>(variants.size()))
            return;
        const VariantSeries& variant = variants[static_cast<std::size_t>(index)];
        m_session.setShown(variant.label, !variant.visible);
    });
}

void TabPage::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    refresh();
}

} // namespace decodescope
