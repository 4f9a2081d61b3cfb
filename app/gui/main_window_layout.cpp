// SPDX-License-Identifier: GPL-3.0-or-later
// What stands where in the window.
#include "app/gui/main_window.h"

#include <algorithm>

#include <QAbstractButton>
#include <QDockWidget>
#include <QLabel>
#include <QProgressBar>
#include <QStatusBar>
#include <QTabBar>
#include <QTabWidget>
#include <QToolBar>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/gui/panels/answer_strip.h"
#include "app/gui/panels/banner.h"
#include "app/gui/panels/configuration_panel.h"
#include "app/gui/panels/elided_label.h"
#include "app/gui/panels/focus_order.h"
#include "app/gui/panels/log_panel.h"
#include "app/gui/panels/queue_panel.h"
#include "app/gui/panels/runs_panel.h"
#include "app/gui/theme/surface.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kProgressWidth = 160;
constexpr int kBottomHeight = 140;
constexpr int kSideWidth = 300;
constexpr QMargins kBelow(0, kStep, 2 * kStep, 0); // ends where what is above ends

/// The content on a surface, with these margins around it.
QWidget* onSurface(QWidget* content, const QMargins& margins) {
    auto* place = new QWidget(content->parentWidget());
    auto* surface = new Surface(place);
    auto* outside = new QVBoxLayout(place);
    outside->setContentsMargins(margins);
    outside->addWidget(surface);
    auto* inside = new QVBoxLayout(surface);
    inside->setContentsMargins(kHalfStep, kHalfStep, kHalfStep, kHalfStep);
    inside->addWidget(content);
    return place;
}

} // namespace

void MainWindow::buildToolbar() {
    QToolBar* bar = addToolBar(tr("Toolbar"));
    bar->setObjectName(QStringLiteral("toolbar"));
    bar->setMovable(false);
    bar->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    bar->setContentsMargins(kStep, kHalfStep, kStep, kHalfStep);
    bar->addActions({m_run, m_pause, m_stop, m_enqueue, m_open, m_export, m_follow});
}

void MainWindow::buildCentre() {
    auto* centre = new QWidget(this);
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 2 * kStep, 0);
    column->setSpacing(kStep);
    m_banner = new Banner(centre);
    m_headline = new ElidedLabel(centre);
    m_headline->setObjectName(QStringLiteral("headline"));
    m_headline->setForegroundRole(QPalette::PlaceholderText);
    m_answers = new AnswerStrip(centre);
    m_tabs = new QTabWidget(centre);
    m_tabs->setObjectName(QStringLiteral("tabs"));
    m_tabs->setDocumentMode(true);
    auto* asTable = new QToolButton(m_tabs);
    asTable->setObjectName(QStringLiteral("showAsTable"));
    asTable->setAutoRaise(true);
    asTable->setDefaultAction(m_asTable);
    m_tabs->setCornerWidget(asTable);
    column->addWidget(m_banner);
    column->addWidget(m_headline);
    column->addWidget(m_answers);
    column->addWidget(m_tabs, 1);
    setCentralWidget(centre);
    centre->setFocus(); // and not the first field: nothing is to be typed yet
}

void MainWindow::buildDocks() {
    const auto dock = [this](const char* name, const QString& title, QWidget* content,
                             Qt::DockWidgetArea area) {
        auto* widget = new QDockWidget(title, this);
        widget->setObjectName(QString::fromLatin1(name));
        const bool below = area == Qt::BottomDockWidgetArea;
        widget->setWidget(below ? onSurface(content, kBelow) : content);
        addDockWidget(area, widget);
        if (below) // the tab over it is its title
            widget->setTitleBarWidget(new QWidget(widget));
        return widget;
    };
    m_configuration = new ConfigurationPanel(m_session, m_run, this);
    m_runs = new RunsPanel(m_runsModel, this);
    m_log = new LogPanel(this);
    QDockWidget* side =
        dock("configurationDock", tr("Configuration"), m_configuration, Qt::LeftDockWidgetArea);
    for (QWidget* each :
         side->findChildren<QAbstractButton*>(QString(), Qt::FindDirectChildrenOnly))
        each->setFocusPolicy(Qt::TabFocus); // of its title bar, which Qt leaves to the mouse
    QDockWidget* runs = dock("runsDock", tr("Runs"), m_runs, Qt::BottomDockWidgetArea);
    m_queueDock =
        dock("queueDock", tr("Queue"), new QueuePanel(m_queue, this), Qt::BottomDockWidgetArea);
    m_logDock = dock("logDock", tr("Log"), m_log, Qt::BottomDockWidgetArea);
    setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
    setTabPosition(Qt::BottomDockWidgetArea, QTabWidget::North);
    tabifyDockWidget(runs, m_queueDock);
    tabifyDockWidget(m_queueDock, m_logDock);
    runs->raise();
    resizeDocks({side}, {kSideWidth}, Qt::Horizontal);
    resizeDocks({runs}, {kBottomHeight}, Qt::Vertical);
    connect(m_configuration, &ConfigurationPanel::openRequested, this, &MainWindow::chooseFile);
    connect(m_runs, &RunsPanel::pinRequested, this, &MainWindow::pinBaseline);
}

/// As they are read: the configuration, what is in the middle, what is below.
std::vector<QWidget*> MainWindow::partsInOrder() const {
    std::vector<QWidget*> parts;
    const auto docksAt = [&](Qt::DockWidgetArea area) {
        for (QDockWidget* each : findChildren<QDockWidget*>())
            if (!each->isFloating() && dockWidgetArea(each) == area)
                parts.push_back(each);
    };
    docksAt(Qt::LeftDockWidgetArea);
    docksAt(Qt::TopDockWidgetArea);
    parts.push_back(centralWidget());
    docksAt(Qt::RightDockWidgetArea);
    for (QTabBar* each : findChildren<QTabBar*>(QString(), Qt::FindDirectChildrenOnly))
        parts.push_back(each); // of docks that share a place
    docksAt(Qt::BottomDockWidgetArea);
    return parts;
}

bool MainWindow::focusNextPrevChild(bool next) {
    // Qt would go by the order in which the widgets were made.
    const std::vector<QWidget*> stops = focusStops(partsInOrder());
    const auto at = std::find(stops.begin(), stops.end(), focusWidget());
    if (stops.empty() || at == stops.end())
        return QMainWindow::focusNextPrevChild(next);
    const auto count = static_cast<std::ptrdiff_t>(stops.size());
    const std::ptrdiff_t to = (at - stops.begin() + (next ? 1 : count - 1)) % count;
    stops[static_cast<std::size_t>(to)]->setFocus(next ? Qt::TabFocusReason
                                                       : Qt::BacktabFocusReason);
    return true;
}

void MainWindow::buildStatusBar() {
    const auto label = [this](const char* name) {
        auto* made = new QLabel(this);
        made->setObjectName(QString::fromLatin1(name));
        made->setTextFormat(Qt::PlainText);
        made->setForegroundRole(QPalette::PlaceholderText);
        made->setContentsMargins(kStep, 0, kStep, 0);
        return made;
    };
    m_cursor = label("cursorReadout");
    m_progressText = label("progressText");
    m_progress = new QProgressBar(this);
    m_progress->setObjectName(QStringLiteral("progress"));
    m_progress->setAccessibleName(tr("Progress of the run"));
    m_progress->setTextVisible(false);
    m_progress->setFixedWidth(kProgressWidth);
    m_progress->setRange(0, 1000);
    m_progress->hide();
    m_memory = label("memoryInUse");
    m_device = label("deviceStatus");
    statusBar()->setSizeGripEnabled(false);
    statusBar()->addWidget(m_cursor, 1);
    statusBar()->addPermanentWidget(m_progressText);
    statusBar()->addPermanentWidget(m_progress);
    statusBar()->addPermanentWidget(m_memory);
    statusBar()->addPermanentWidget(m_device);
}

} // namespace decodescope
