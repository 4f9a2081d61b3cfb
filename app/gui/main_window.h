// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QActionGroup>
#include <QMainWindow>

#include "app/gui/export/chart_export.h"
#include "app/gui/models/capabilities.h"
#include "app/gui/models/run_store.h"
#include "app/gui/models/runs_model.h"
#include "app/gui/models/session.h"
#include "app/gui/panels/page_actions.h"
#include "app/gui/panels/pages.h"
#include "app/gui/theme/application_palette.h"
#include "app/gui/worker/queue_runner.h"
#include "app/gui/worker/run_controller.h"

class QDockWidget;
class QLabel;
class QProgressBar;
class QTabWidget;

namespace decodescope {

class AnswerStrip;
class Banner;
class ConfigurationPanel;
class ElidedLabel;
class LogPanel;
class OverviewPlots;
class PlotWidget;
class RunNotifier;
class RunsPanel;
class TabPage;

/// The window: menus, docks, tabs and status bar around a Session, a RunStore and a RunController.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    explicit MainWindow(QWidget* parent = nullptr);

    /// Starts to watch the machine; with `quickLook`, where no recording is open, also measures for
    /// two seconds.
    void begin(const QString& program, bool quickLook);
    /// Opens again what was open when the window was last closed, and says what is missing of it.
    void restoreSession();
    /// A model file or folder, a recording, or a table of quality numbers (.csv). What was open
    /// stays where the file is bad.
    void openPath(const QString& path);
    [[nodiscard]] Session& session() { return m_session; }
    [[nodiscard]] const RunStore& runs() const { return m_store; }
    [[nodiscard]] const OverviewPlots& plots() const { return *m_plots; }
    [[nodiscard]] RunController& controller() { return m_controller; }
    [[nodiscard]] RunQueue& queue() { return m_queue; }
    [[nodiscard]] RunNotifier& notifier() { return *m_notifier; }
    [[nodiscard]] Capabilities capabilities() const;
    /// Writes a chart (.png, .svg, .pdf), data (.csv, .json, .jsonl, .md: the samples or, with
    /// none, the plans; on the Compare tab the comparison) or a report of everything (.html), as
    /// the file's ending says. Without a chart of its own all of the tab that is shown are drawn,
    /// or the Overview's. False: the banner says why.
    bool exportTo(const QString& path, PlotWidget* chart = nullptr, const ChartStyle& style = {});
    bool saveTo(const QString& path);
    /// Holds a recording or plans against the baseline of another file, and shows what differs.
    /// False: the banner says why not.
    bool compareFiles(const QString& baseline, const QString& now);
    /// A recording or plans become the baseline. False: the banner says why not.
    bool openBaseline(const QString& path);

protected:
    void closeEvent(QCloseEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    bool focusNextPrevChild(bool next) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void buildActions();
    void buildRunActions();
    void addRunActions(QMenu* measure);
    void addRunCapabilities(Capabilities& can) const;
    void refreshRunActions(const Capabilities& can);
    void buildBaselineActions();
    void buildFileMenu();
    void buildOtherMenus();
    void buildToolbar();
    void buildCentre();
    void buildPages();
    void addTabActions(QMenu* view);
    void connectPlots();
    void buildDocks();
    void buildStatusBar();
    void connectController();
    QAction* action(const char* name, const QString& text, const QKeySequence& shortcut);

    void refresh();
    [[nodiscard]] TabPage& currentPage() const;
    [[nodiscard]] PlotWidget* focusedChart() const;
    [[nodiscard]] std::vector<PlotWidget*> chartsOr(PlotWidget* chart) const;
    void takePage();
    [[nodiscard]] std::vector<QWidget*> partsInOrder() const;
    void copyTable() const;
    void run();
    void addToQueue();
    /// Says so, and offers the longest context that fits, where the chosen one does not.
    [[nodiscard]] bool refuseTooLarge();
    void offerToGoOn(const QString& sentence);
    void notifyOfEnd(const WorkerOutcome& outcome);
    void keepSession() const;
    void restoreDefaultLayout();
    void refreshBaselineActions();
    void pinBaseline(int number); ///< of a run, from 1
    void chooseBaseline();
    void tellBaseline();
    void chooseFile();
    void chooseTable();
    void importTable(const QString& path);
    void saveStudy();
    void save();
    void saveAs();
    void chooseExport(PlotWidget* chart);
    void copyChart(PlotWidget* chart);
    void replayRecording();
    void newSession();
    void addRecent(const QString& path);
    void fillRecent();
    [[nodiscard]] static ThemeChoice savedTheme();
    void setTheme(ThemeChoice choice);
    void showAbout();
    void showShortcuts();
    void showLog();
    void showError(const QString& text);
    void takeLive(const LivePoints& points);
    void takeProgress(const Progress& progress);
    void takeOutcome(const WorkerOutcome& outcome, bool quickLook);
    void restore();

    Session m_session;
    RunStore m_store;
    RunsModel m_runsModel;
    RunController m_controller;
    RunQueue m_queue;
    QueueRunner m_queueRunner;
    RunNotifier* m_notifier = nullptr;

    QAction* m_run = nullptr;
    QAction* m_stop = nullptr;
    QAction* m_pause = nullptr;
    QAction* m_goOn = nullptr;
    QAction* m_enqueue = nullptr;
    QAction* m_notify = nullptr;
    QAction* m_open = nullptr;
    QAction* m_save = nullptr;
    QAction* m_export = nullptr;
    QAction* m_copyChart = nullptr;
    QAction* m_follow = nullptr;
    QAction* m_asTable = nullptr;
    PageActions m_actions;
    QMenu* m_recent = nullptr;
    QMenu* m_view = nullptr;
    QActionGroup* m_themes = nullptr;
    Banner* m_banner = nullptr;
    QTabWidget* m_tabs = nullptr;
    ElidedLabel* m_headline = nullptr;
    AnswerStrip* m_answers = nullptr;
    Pages m_pages;
    OverviewPlots* m_plots = nullptr;
    ConfigurationPanel* m_configuration = nullptr;
    RunsPanel* m_runs = nullptr;
    LogPanel* m_log = nullptr;
    QDockWidget* m_logDock = nullptr;
    QDockWidget* m_queueDock = nullptr;
    QLabel* m_cursor = nullptr;
    QLabel* m_progressText = nullptr;
    QProgressBar* m_progress = nullptr;
    QLabel* m_memory = nullptr;
    QLabel* m_device = nullptr;
    QByteArray m_defaultLayout;
    QString m_file;
};

} // namespace decodescope
