// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAction>
#include <QDockWidget>
#include <QListView>
#include <QMenuBar>
#include <QMessageBox>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QTabWidget>
#include <QTest>
#include <QTimer>

#include "app/gui/export/export_dialog.h"
#include "app/gui/models/run_queue.h"
#include "app/gui/panels/banner.h"
#include "app/gui/panels/tab_page.h"
#include "example_window.h"
#include "focus_walk.h"

using namespace decodescope;

/// The whole window and its dialogs without a mouse: everything is reached, has a name, is met in
/// the order in which one reads, and has room on a small screen.
class TestKeyboard : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void init();
    void everyTabIsReached_data();
    void everyTabIsReached();
    void everyPanelBelowIsReached_data();
    void everyPanelBelowIsReached();
    void emptyTabsAreReached();
    void theBannerIsReached();
    void theExportDialogIsReached();
    void messagesAreReached_data();
    void messagesAreReached();
    void chartsAreDescribedByTheirData();
    void everyShortcutStandsInAMenu();
    void tabsHaveShortcuts();
    void itFitsASmallScreen_data();
    void itFitsASmallScreen();

private:
    void checkWalk(QWidget& window, const QString& where);
    void checkNames(const QWidget& window, const QString& where);
    void checkOrder(const std::vector<QWidget*>& way, const QString& where);
    void check(QWidget& window, const QString& where);
    [[nodiscard]] const QWidget* regionOf(const QWidget* widget) const;
    QAction* action(const char* name) {
        auto* found = m_window->findChild<QAction*>(QString::fromLatin1(name));
        Q_ASSERT(found);
        return found;
    }

    std::unique_ptr<MainWindow> m_window;
    QTabWidget* m_tabs = nullptr;
};

void TestKeyboard::initTestCase() {
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("decodescope-test"));
    QCoreApplication::setApplicationName(QStringLiteral("keyboard"));
}

void TestKeyboard::init() {
    m_window = activeWindow();
    QVERIFY(m_window);
    m_tabs = m_window->findChild<QTabWidget*>(QStringLiteral("tabs"));
}

/// Configuration, page, or panel below: within one of them the order of reading is kept.
const QWidget* TestKeyboard::regionOf(const QWidget* widget) const {
    for (const QWidget* each = widget; each; each = each->parentWidget())
        if (qobject_cast<const TabPage*>(each) || qobject_cast<const QDockWidget*>(each))
            return each;
    return nullptr;
}

void TestKeyboard::checkOrder(const std::vector<QWidget*>& way, const QString& where) {
    for (std::size_t i = 1; i < way.size(); ++i) {
        const QWidget* region = regionOf(way[i]);
        if (!region || region != regionOf(way[i - 1]))
            continue;
        QVERIFY2(readsOn(*way[i - 1], *way[i]),
                 qPrintable(QStringLiteral("%1: %2 comes after %3")
                                .arg(where, described(way[i]), described(way[i - 1]))));
    }
}

void TestKeyboard::checkWalk(QWidget& window, const QString& where) {
    QVERIFY2(QApplication::focusWidget(), qPrintable(where));
    QWidget* trap = nullptr;
    const std::vector<QWidget*> way = focusWalk(Qt::NoModifier, trap);
    QVERIFY2(!trap,
             qPrintable(QStringLiteral("%1: Tab does not leave %2").arg(where, described(trap))));
    for (QWidget* each : workedWith(window))
        QVERIFY2(isReached(*each, way) || isInAMenu(*each),
                 qPrintable(QStringLiteral("%1: %2 is not reached").arg(where, described(each))));
    checkOrder(way, where);
    if (QTest::currentTestFailed())
        return;
    std::vector<QWidget*> back = focusWalk(Qt::ShiftModifier, trap);
    QVERIFY2(
        !trap,
        qPrintable(QStringLiteral("%1: Shift+Tab does not leave %2").arg(where, described(trap))));
    std::reverse(back.begin() + 1, back.end());
    QCOMPARE(back, way);
}

void TestKeyboard::checkNames(const QWidget& window, const QString& where) {
    for (QWidget* each : workedWith(window)) {
        // Qt tells what is chosen in a combo box in the place of its name.
        const QString name = qobject_cast<QComboBox*>(each) ? each->accessibleName()
                                                            : accessible(each, QAccessible::Name);
        QVERIFY2(!name.isEmpty(),
                 qPrintable(QStringLiteral("%1: %2 in %3 has no name")
                                .arg(where, described(each), described(each->parentWidget()))));
    }
}

void TestKeyboard::check(QWidget& window, const QString& where) {
    checkWalk(window, where);
    if (!QTest::currentTestFailed())
        checkNames(window, where);
}

void TestKeyboard::everyTabIsReached_data() {
    QTest::addColumn<int>("tab");
    QTest::addColumn<bool>("table");
    for (int i = 0; i < 9; ++i)
        for (const bool table : {false, true})
            QTest::addRow("tab %d%s", i, table ? ", as a table" : "") << i << table;
}

void TestKeyboard::everyTabIsReached() {
    QFETCH(int, tab);
    QFETCH(bool, table);
    fillWindow(*m_window);
    QCOMPARE(m_tabs->count(), 9);
    m_tabs->setCurrentIndex(tab);
    action("actionShowAsTable")->setChecked(table);
    m_tabs->setFocus();
    QApplication::processEvents();
    check(*m_window, m_tabs->tabText(tab));
}

void TestKeyboard::everyPanelBelowIsReached_data() {
    QTest::addColumn<QString>("dock");
    for (const char* name : {"runsDock", "queueDock", "logDock"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestKeyboard::everyPanelBelowIsReached() {
    QFETCH(QString, dock);
    fillWindow(*m_window);
    m_window->queue().setHeld(true);
    for (int i = 0; i < 3; ++i)
        m_window->queue().add(*m_window->session().request(false));
    m_window->findChild<QDockWidget*>(dock)->raise();
    m_window->findChild<QListView*>(QStringLiteral("queueList"))
        ->setCurrentIndex(m_window->queue().index(1)); // its buttons can be used then
    m_tabs->setFocus();
    QApplication::processEvents();
    check(*m_window, dock);
}

void TestKeyboard::emptyTabsAreReached() {
    for (int i = 0; i < m_tabs->count(); ++i) {
        m_tabs->setCurrentIndex(i);
        m_tabs->setFocus();
        QApplication::processEvents();
        check(*m_window, m_tabs->tabText(i) + QStringLiteral(", empty"));
        if (QTest::currentTestFailed())
            return;
    }
}

void TestKeyboard::theBannerIsReached() {
    m_window->findChild<Banner*>()->showMessage(Banner::Kind::Error, QStringLiteral("What, where."),
                                                QStringLiteral("Do it"), [] {});
    m_tabs->setFocus();
    QApplication::processEvents();
    check(*m_window, QStringLiteral("banner"));
}

void TestKeyboard::theExportDialogIsReached() {
    ExportDialog dialog(QStringLiteral("Chart"));
    dialog.show();
    dialog.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&dialog));
    dialog.findChild<QComboBox*>(QStringLiteral("exportFormat"))->setFocus();
    check(dialog, QStringLiteral("export"));
}

void TestKeyboard::messagesAreReached_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("says");
    QTest::newRow("about") << QStringLiteral("actionAbout") << QStringLiteral("Qt 6");
    QTest::newRow("shortcuts") << QStringLiteral("actionShortcuts")
                               << QStringLiteral("Ctrl+1 … Ctrl+9");
}

void TestKeyboard::messagesAreReached() {
    QFETCH(QString, name);
    QFETCH(QString, says);
    bool seen = false;
    QTimer::singleShot(200, m_window.get(), [this, &seen, says] {
        QWidget* box = QApplication::activeModalWidget();
        QVERIFY(box);
        seen = true;
        QVERIFY(qobject_cast<QMessageBox*>(box)->text().contains(says));
        for (QWidget* each : workedWith(*box))
            QVERIFY2(!accessible(each, QAccessible::Name).isEmpty(), qPrintable(described(each)));
        QVERIFY(!accessible(box, QAccessible::Name).isEmpty());
        QTest::keyClick(box, Qt::Key_Escape);
        QVERIFY(!box->isVisible());
    });
    action(name.toLatin1().constData())->trigger();
    QVERIFY(seen);
}

void TestKeyboard::chartsAreDescribedByTheirData() {
    static const QRegularExpression digit(QStringLiteral("\\d"));
    fillWindow(*m_window);
    QStringList before;
    int charts = 0;
    const auto describe = [&](const std::function<void(PlotWidget*, const QString&)>& take) {
        for (int i = 0; i < m_tabs->count(); ++i) {
            m_tabs->setCurrentIndex(i);
            for (PlotWidget* chart : qobject_cast<TabPage*>(m_tabs->widget(i))->charts())
                take(chart, accessible(chart, QAccessible::Description));
        }
    };
    describe([&](PlotWidget* chart, const QString& text) {
        ++charts;
        QVERIFY2(chart->hasData(), qPrintable(chart->chartName()));
        QVERIFY2(text.contains(digit), qPrintable(chart->chartName() + ": " + text));
        before << text;
    });
    QVERIFY(charts >= 10);
    if (QTest::currentTestFailed())
        return;
    // Other data, other words: the live charts and other people's numbers stay as they were.
    Session& session = m_window->session();
    session.setText(Field::KvHeads, QStringLiteral("4"));
    session.setText(Field::Layers, QStringLiteral("16"));
    qsizetype at = 0;
    int changed = 0;
    describe([&](PlotWidget*, const QString& text) { changed += before[at++] != text ? 1 : 0; });
    QVERIFY2(changed >= 5, qPrintable(QString::number(changed)));
}

void TestKeyboard::everyShortcutStandsInAMenu() {
    int found = 0;
    for (const QAction* each : m_window->findChildren<QAction*>()) {
        if (each->shortcuts().isEmpty() || each->shortcutContext() == Qt::WidgetShortcut)
            continue;
        ++found;
        const QList<QObject*> places = each->associatedObjects();
        QVERIFY2(std::any_of(places.begin(), places.end(),
                             [](QObject* place) { return qobject_cast<QMenu*>(place) != nullptr; }),
                 qPrintable(each->objectName()));
    }
    QVERIFY(found > 20);
    for (const QAction* menu : m_window->menuBar()->actions())
        QVERIFY2(menu->text().contains(QLatin1Char('&')), qPrintable(menu->text()));
}

void TestKeyboard::tabsHaveShortcuts() {
    for (const auto& [key, tab] : {std::pair{Qt::Key_9, 8}, {Qt::Key_2, 1}, {Qt::Key_1, 0}}) {
        QTest::keyClick(m_window.get(), key, Qt::ControlModifier);
        QCOMPARE(m_tabs->currentIndex(), tab);
    }
}

void TestKeyboard::itFitsASmallScreen_data() {
    QTest::addColumn<bool>("filled");
    QTest::newRow("empty") << false;
    QTest::newRow("filled") << true;
}

void TestKeyboard::itFitsASmallScreen() {
    QFETCH(bool, filled);
    constexpr QSize kSmallest(1024, 640);
    if (filled)
        fillWindow(*m_window);
    m_window->resize(kSmallest);
    QStringList needs; // of each part that has a least size, for the message
    for (int i = 0; i < m_tabs->count(); ++i) {
        m_tabs->setCurrentIndex(i);
        QApplication::processEvents();
        const QSize page = m_tabs->widget(i)->minimumSizeHint();
        needs << QStringLiteral("%1 %2 × %3")
                     .arg(m_tabs->tabText(i))
                     .arg(page.width())
                     .arg(page.height());
    }
    for (const QDockWidget* dock : m_window->findChildren<QDockWidget*>())
        needs << QStringLiteral("%1 %2")
                     .arg(dock->objectName())
                     .arg(dock->widget()->minimumSizeHint().height());
    const QSize least = m_window->minimumSizeHint();
    QVERIFY2(least.width() <= kSmallest.width() && least.height() <= kSmallest.height(),
             qPrintable(QStringLiteral("%1 × %2: %3")
                            .arg(least.width())
                            .arg(least.height())
                            .arg(needs.join(QStringLiteral(", ")))));
    m_window->resize(kSmallest); // the headline has made room at the first step
    QCOMPARE(m_window->size(), kSmallest);
}

QTEST_MAIN(TestKeyboard)
#include "test_keyboard.moc"
