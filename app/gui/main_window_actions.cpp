// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/main_window.h"

#include <QApplication>
#include <QMenuBar>
#include <QMessageBox>
#include <QSettings>

#include "app/gui/panels/overview_plots.h"
#include "app/gui/theme/icons.h"
#include "core/spec/version.h"

namespace decodescope {
namespace {

const QString kThemeKey = QStringLiteral("theme");

QString shortcutLine(const QString& what, const QString& keys) {
    return QStringLiteral("<tr><td>%1</td><td width=24></td><td>%2</td></tr>")
        .arg(what.toHtmlEscaped(), keys.toHtmlEscaped());
}

QString keysOf(const QAction& action) {
    return QKeySequence::listToString(action.shortcuts(), QKeySequence::NativeText);
}

} // namespace

ThemeChoice MainWindow::savedTheme() {
    return parseThemeChoice(QSettings().value(kThemeKey).toString()).value_or(ThemeChoice::System);
}

QAction* MainWindow::action(const char* name, const QString& text, const QKeySequence& shortcut) {
    auto* made = new QAction(text, this);
    made->setObjectName(QString::fromLatin1(name));
    made->setShortcut(shortcut);
    made->setIconVisibleInMenu(false);
    return made;
}

void MainWindow::buildActions() {
    m_run = action("actionRun", tr("&Run"), Qt::Key_F5);
    m_stop = action("actionStop", tr("&Stop"), {});
    m_stop->setShortcuts({Qt::Key_Escape, Qt::SHIFT | Qt::Key_F5});
    m_open = action("actionOpen", tr("&Open…"), QKeySequence::Open);
    m_save = action("actionSave", tr("&Save"), QKeySequence::Save);
    m_export = action("actionExport", tr("&Export…"), Qt::CTRL | Qt::SHIFT | Qt::Key_E);
    m_asTable = action("actionShowAsTable", tr("Show as &table"), Qt::CTRL | Qt::SHIFT | Qt::Key_V);
    m_asTable->setCheckable(true);
    m_asTable->setToolTip(tr("Show the numbers of the plots as a table (Ctrl+Shift+V)"));
    m_run->setIcon(themedIcon(QStringLiteral("run")));
    m_stop->setIcon(themedIcon(QStringLiteral("stop")));
    m_open->setIcon(themedIcon(QStringLiteral("open")));
    m_save->setIcon(themedIcon(QStringLiteral("save")));
    m_export->setIcon(themedIcon(QStringLiteral("export")));
    m_asTable->setIcon(themedIcon(QStringLiteral("table")));
    connect(m_run, &QAction::triggered, this, &MainWindow::run);
    connect(m_stop, &QAction::triggered, &m_controller, &RunController::stop);
    connect(m_open, &QAction::triggered, this, &MainWindow::chooseFile);
    connect(m_save, &QAction::triggered, this, &MainWindow::save);
    connect(m_export, &QAction::triggered, this, [this] { chooseExport(focusedChart()); });
    m_copyChart = action("actionCopyChart", tr("Copy &chart"), Qt::CTRL | Qt::SHIFT | Qt::Key_C);
    connect(m_copyChart, &QAction::triggered, this, [this] { copyChart(focusedChart()); });
    m_follow = action("actionFollow", tr("&Follow"), {});
    m_follow->setIcon(themedIcon(QStringLiteral("follow")));
    m_follow->setCheckable(true);
    m_follow->setChecked(true);
    m_follow->setToolTip(tr("Keep the newest points in view (End in a chart)"));
    buildBaselineActions();
}

void MainWindow::buildFileMenu() {
    QMenu* file = menuBar()->addMenu(tr("&File"));
    QAction* fresh = action("actionNew", tr("&New"), QKeySequence::New);
    connect(fresh, &QAction::triggered, this, &MainWindow::newSession);
    file->addAction(fresh);
    file->addAction(m_open);
    m_recent = file->addMenu(tr("Open &recent"));
    m_recent->setObjectName(QStringLiteral("menuRecent"));
    fillRecent();
    file->addAction(m_actions.openBaseline);
    file->addSeparator();
    file->addAction(m_save);
    QAction* saveAsAction =
        action("actionSaveAs", tr("Save &as…"), Qt::CTRL | Qt::SHIFT | Qt::Key_S);
    connect(saveAsAction, &QAction::triggered, this, &MainWindow::saveAs);
    file->addAction(saveAsAction);
    file->addAction(m_export);
    file->addSeparator();
    QAction* quit = action("actionQuit", tr("&Quit"), QKeySequence::Quit);
    connect(quit, &QAction::triggered, this, &QWidget::close);
    file->addAction(quit);
}

void MainWindow::buildOtherMenus() {
    QMenu* edit = menuBar()->addMenu(tr("&Edit"));
    QAction* copy = action("actionCopyTable", tr("Copy &table"), Qt::CTRL | Qt::SHIFT | Qt::Key_T);
    connect(copy, &QAction::triggered, this, &MainWindow::copyTable);
    edit->addAction(m_copyChart);
    edit->addAction(copy);

    m_view = menuBar()->addMenu(tr("&View"));
    addTabActions(m_view);
    m_view->addSeparator();
    m_view->addActions(createPopupMenu()->actions());
    m_view->addSeparator();
    m_view->addAction(m_follow);
    m_view->addAction(m_asTable);
    m_view->addSeparator();
    QMenu* theme = m_view->addMenu(tr("T&heme"));
    m_themes = new QActionGroup(this);
    const ThemeChoice chosen = savedTheme();
    const std::pair<ThemeChoice, QString> choices[] = {{ThemeChoice::System, tr("&System")},
                                                       {ThemeChoice::Light, tr("&Light")},
                                                       {ThemeChoice::Dark, tr("&Dark")}};
    for (const auto& [choice, text] : choices) {
        QAction* each = theme->addAction(text);
        each->setObjectName(QStringLiteral("theme-") + name(choice));
        each->setCheckable(true);
        each->setChecked(choice == chosen);
        m_themes->addAction(each);
        connect(each, &QAction::triggered, this, [this, which = choice] { setTheme(which); });
    }
    QAction* layout = m_view->addAction(tr("Restore &default layout"));
    layout->setObjectName(QStringLiteral("actionDefaultLayout"));
    connect(layout, &QAction::triggered, this, &MainWindow::restoreDefaultLayout);

    QMenu* measure = menuBar()->addMenu(tr("&Measure"));
    measure->addAction(m_run);
    measure->addAction(m_stop);
    addRunActions(measure);
    measure->addSeparator();
    measure->addAction(m_actions.pinBaseline);
    measure->addAction(m_actions.removeBaseline);

    QMenu* help = menuBar()->addMenu(tr("&Help"));
    QAction* shortcuts = action("actionShortcuts", tr("&Shortcuts"), Qt::Key_F1);
    connect(shortcuts, &QAction::triggered, this, &MainWindow::showShortcuts);
    help->addAction(shortcuts);
    QAction* about = action("actionAbout", tr("&About DecodeScope"), {});
    connect(about, &QAction::triggered, this, &MainWindow::showAbout);
    help->addAction(about);
}

void MainWindow::setTheme(ThemeChoice choice) {
    applyTheme(choice);
    QSettings().setValue(kThemeKey, name(choice));
}

void MainWindow::showAbout() {
    QString devices;
    for (const DeviceInfo& device : m_session.devices())
        devices += tr("%1: %2\n")
                       .arg(QString::fromStdString(device.id),
                            QString::fromStdString(device.available ? device.name : device.reason));
    QMessageBox::about(
        this, tr("About DecodeScope"),
        tr("DecodeScope %1\nQt %2\n\nThe window is GPL-3.0-or-later, decodescope-cli and the "
           "engine Apache-2.0.\n\nDevices\n%3")
            .arg(QString::fromUtf8(toolVersion().data()), QString::fromLatin1(qVersion()),
                 devices.isEmpty() ? tr("none detected yet") : devices));
}

void MainWindow::showShortcuts() {
    const QList<QAction*> tabs = findChild<QMenu*>(QStringLiteral("tabMenu"))->actions();
    QString lines;
    for (const QAction* each : findChildren<QAction*>())
        if (!each->shortcuts().isEmpty() && !tabs.contains(each))
            lines += shortcutLine(each->text().remove(QLatin1Char('&')), keysOf(*each));
    lines +=
        shortcutLine(tr("Tabs"), tr("%1 … %2").arg(keysOf(*tabs.first()), keysOf(*tabs.last())));
    const std::pair<QString, QString> inCharts[] = {
        {tr("Zoom"), tr("+, −, wheel (Shift: across, Alt: up and down), right drag")},
        {tr("Pan"), tr("Arrows, drag")},
        {tr("Fit"), tr("Home")},
        {tr("Previous view"), tr("Backspace")},
        {tr("Follow live"), tr("End")},
        {tr("Move the cursor"), tr("Shift+Left, Shift+Right")},
        {tr("Pin cursors A and B"), tr("A, B, click")},
        {tr("Remove them"), tr("Delete")},
        {tr("Show or hide a variant"), tr("1, 2, 3")},
        {tr("Menu"), tr("Menu, right click")}};
    QString charts;
    for (const auto& [what, keys] : inCharts)
        charts += shortcutLine(what, keys);
    QMessageBox::information(
        this, tr("Shortcuts"),
        QStringLiteral("<table>%1</table><p><b>%2</b></p><table>%3</table>")
            .arg(lines, tr("In a chart (Tab goes from one to the next)").toHtmlEscaped(), charts));
}

} // namespace decodescope
