// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/overview_page.h"

#include <QGridLayout>
#include <QVBoxLayout>

#include "app/gui/panels/legend_row.h"
#include "app/gui/theme/surface.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kLeftShare = 3;
constexpr int kRightShare = 2;
constexpr QSize kLeastPlot(160, 112);

} // namespace

OverviewPage::OverviewPage(QWidget* parent) : QWidget(parent), m_legend(new LegendRow(this)) {
    setObjectName(QStringLiteral("overviewPage"));
    auto* grid = new QGridLayout;
    grid->setSpacing(kStep);
    grid->setColumnStretch(0, kLeftShare);
    grid->setColumnStretch(1, kRightShare);
    for (int i = 0; i < static_cast<int>(m_cells.size()); ++i) {
        auto* cell = new Surface(this);
        cell->setMinimumSize(kLeastPlot);
        // Equal shares, whatever the plots would like.
        cell->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Ignored);
        auto* inside = new QVBoxLayout(cell);
        inside->setContentsMargins(kHalfStep, kHalfStep, kHalfStep, kHalfStep);
        grid->addWidget(cell, i / 2, i % 2);
        grid->setRowStretch(i / 2, 1);
        m_cells[static_cast<std::size_t>(i)] = cell;
    }
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, kHalfStep, 0, 0);
    column->setSpacing(kHalfStep);
    column->addWidget(m_legend);
    column->addLayout(grid, 1);
    connect(m_legend, &LegendRow::toggled, this, [this](int index, bool visible) {
        m_overview.variants[static_cast<std::size_t>(index)].visible = visible;
        emit overviewChanged(m_overview);
    });
}

void OverviewPage::setPlots(QWidget* kvMemory, QWidget* maxContext, QWidget* speed,
                            QWidget* memory) {
    place(m_cells[0], kvMemory);
    place(m_cells[1], maxContext);
    place(m_cells[2], speed);
    place(m_cells[3], memory);
}

void OverviewPage::place(Surface* cell, QWidget* plot) {
    if (QLayoutItem* before = cell->layout()->takeAt(0)) {
        delete before->widget();
        delete before;
    }
    cell->layout()->addWidget(plot);
}

void OverviewPage::setOverview(const OverviewData& overview) {
    m_overview = overview;
    m_legend->setOverview(overview);
    for (std::size_t i = 0; i < m_overview.variants.size(); ++i)
        m_overview.variants[i].visible = m_legend->isShown(static_cast<int>(i));
    emit overviewChanged(m_overview);
}

} // namespace decodescope
