// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/runs_panel.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QLabel>
#include <QSortFilterProxyModel>
#include <QTableView>

#include "app/gui/models/runs_model.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kRowPadding = kStep;

} // namespace

RunsPanel::RunsPanel(RunsModel& model, QWidget* parent)
    : QStackedWidget(parent),
      m_empty(
          new QLabel(tr("Every measured point appears here. Press Run (F5) to measure."), this)),
      m_table(new QTableView(this)), m_sorted(new QSortFilterProxyModel(this)) {
    m_empty->setObjectName(QStringLiteral("runsEmpty"));
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setForegroundRole(QPalette::PlaceholderText);
    m_sorted->setSourceModel(&model);
    m_sorted->setSortRole(Qt::UserRole);
    m_table->setObjectName(QStringLiteral("runsTable"));
    m_table->setAccessibleName(tr("Measured points"));
    m_table->setModel(m_sorted);
    m_table->setSortingEnabled(true);
    m_table->sortByColumn(-1, Qt::AscendingOrder);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setShowGrid(false);
    m_table->setAlternatingRowColors(true);
    m_table->setTabKeyNavigation(false);
    m_table->setWordWrap(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setMinimumSectionSize(0);
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + kRowPadding);
    m_table->setMinimumHeight(m_table->horizontalHeader()->sizeHint().height() +
                              m_table->verticalHeader()->defaultSectionSize());
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_table->horizontalHeader()->setStretchLastSection(true);
    auto* copy = new QAction(tr("Copy table"), m_table);
    connect(copy, &QAction::triggered, this, &RunsPanel::copyTable);
    m_table->addAction(copy);
    auto* pin = new QAction(tr("Pin its run as baseline"), m_table);
    pin->setObjectName(QStringLiteral("runsPin"));
    connect(pin, &QAction::triggered, this, &RunsPanel::pinCurrent);
    m_table->addAction(pin);
    m_table->setContextMenuPolicy(Qt::ActionsContextMenu);
    addWidget(m_empty);
    addWidget(m_table);
    const auto choose = [this, &model] {
        setCurrentIndex(model.rowCount() > 0 ? 1 : 0);
        if (m_sorted->sortColumn() < 0) // in the order of time: the newest is the last
            m_table->scrollToBottom();
    };
    connect(&model, &QAbstractItemModel::modelReset, this, choose);
    choose();
}

void RunsPanel::pinCurrent() {
    const QModelIndex current = m_table->currentIndex();
    if (current.isValid())
        emit pinRequested(current.siblingAtColumn(RunsModel::RunColumn).data(Qt::UserRole).toInt());
}

void RunsPanel::copyTable() const {
    QApplication::clipboard()->setText(tabSeparated(*m_sorted));
}

} // namespace decodescope
