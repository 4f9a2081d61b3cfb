// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAction>
#include <QComboBox>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QStandardPaths>
#include <QTabWidget>
#include <QTableView>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include <nlohmann/json.hpp>

#include "app/gui/main_window.h"
#include "core/profile/recording.h"
#include "core/report/csv.h"

using namespace decodescope;

/// The whole window, with a worker that does as it is told.
class TestMainWindow : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void init();
    void typingKvHeadsChangesThePlan();
    void anotherWhatIfLeavesTheColours();
    void plotsHaveATableTwin();
    void badKvHeadsAreExplainedUnderTheField();
    void whatDoesNotFitIsRefusedWithAButton();
    void aRunFillsTheTable();
    void aKilledWorkerKeepsItsSamples();
    void garbageLinesAreLoggedAndPassedOver();
    void stopEndsARunAndKeepsItPartial();
    void anotherVersionIsRefused();
    void aMissingWorkerIsSaid();
    void dataIsExportedAndReadBack();
    void aRecordingIsSavedAndOpened();
    void aDroppedModelIsTaken();
    void aDroppedTableIsTaken();
    void aBadFileLeavesWhatWasOpen();
    void closingInMidRunKeepsTheLines();
    void bothThemesAreShownAndRemembered();
    void aRunIsPinnedAndTheNextComparedWithIt();
    void aRunOfTheTableIsPinned();
    void twoFilesAreCompared();
    void aClaimIsTestedFromItsTab();

private:
    void begin(const char* mode);
    void runToEnd(const char* mode);
    void drop(const QString& path);
    template <typename T>
    T* child(const char* name) {
        T* found = m_window->findChild<T*>(QString::fromLatin1(name));
        Q_ASSERT(found);
        return found;
    }
    std::unique_ptr<MainWindow> m_window;
    QTemporaryDir m_folder;
};

void TestMainWindow::initTestCase() {
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("decodescope-test"));
    QCoreApplication::setApplicationName(QStringLiteral("main-window"));
    QVERIFY(m_folder.isValid());
}

void TestMainWindow::init() {
    QSettings().clear();
    m_window = std::make_unique<MainWindow>();
    m_window->show();
}

void TestMainWindow::begin(const char* mode) {
    qputenv("FAKE_WORKER", mode);
    m_window->begin(QStringLiteral(FAKE_WORKER_PATH), false);
    QTRY_COMPARE_WITH_TIMEOUT(m_window->session().devices().size(), std::size_t{1}, 5000);
}

void TestMainWindow::runToEnd(const char* mode) {
    begin(mode);
    child<QAction>("actionRun")->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->runs().empty() && !m_window->controller().running(), 10000);
}

void TestMainWindow::typingKvHeadsChangesThePlan() {
    auto* field = child<QLineEdit>("kvHeads");
    field->selectAll();
    QTest::keyClicks(field, QStringLiteral("4"));
    const OverviewData& overview = m_window->session().overview();
    const auto own = std::find_if(overview.variants.begin(), overview.variants.end(),
                                  [](const VariantSeries& each) { return !each.whatIf; });
    QVERIFY(own != overview.variants.end());
    QCOMPARE(own->label, QStringLiteral("GQA-4"));
    QCOMPARE(own->kvBytesPerToken, std::uint64_t{65536}); // 32 × 4 × 2 × 128 × 2 bytes
}

void TestMainWindow::anotherWhatIfLeavesTheColours() {
    const auto own = [this] {
        const auto& variants = m_window->session().overview().variants;
        return *std::find_if(variants.begin(), variants.end(),
                             [](const VariantSeries& each) { return !each.whatIf; });
    };
    QCOMPARE(own().slot, SeriesSlot::Gqa);
    m_window->session().setText(Field::ExtraKvHeads, QStringLiteral("16"));
    QCOMPARE(m_window->session().overview().variants.size(), std::size_t{4});
    QCOMPARE(own().slot, SeriesSlot::Gqa);
    QVERIFY(m_window->findChild<QWidget*>(QStringLiteral("answerCard-3")));
}

void TestMainWindow::plotsHaveATableTwin() {
    auto* table = child<QTableWidget>("overviewTable");
    auto* chart = child<QWidget>("plot-kv-memory");
    m_window->activateWindow(); // shortcuts are heard by the active window
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    QVERIFY(chart->isVisible());
    QVERIFY(!table->isVisible());
    QTest::keyClick(m_window.get(), Qt::Key_V, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(table->isVisible());
    QVERIFY(!chart->isVisible());
    QCOMPARE(table->rowCount(), 3);
    child<QAction>("actionShowAsTable")->trigger();
    QVERIFY(chart->isVisible());
}

void TestMainWindow::badKvHeadsAreExplainedUnderTheField() {
    auto* field = child<QLineEdit>("kvHeads");
    field->selectAll();
    QTest::keyClicks(field, QStringLiteral("7"));
    const auto* message = child<QLabel>("kvHeadsMessage");
    QVERIFY(message->isVisibleTo(m_window.get()));
    QVERIFY(message->text().contains(QStringLiteral("7 KV heads do not divide 32")));
    QVERIFY(message->height() >= message->heightForWidth(message->width()));
    QVERIFY(!child<QAction>("actionRun")->isEnabled());
    field->selectAll();
    QTest::keyClicks(field, QStringLiteral("8"));
    QVERIFY(!message->isVisibleTo(m_window.get()));
}

void TestMainWindow::whatDoesNotFitIsRefusedWithAButton() {
    begin("ok");
    m_window->session().setText(Field::Memory, QStringLiteral("2 GiB"));
    child<QAction>("actionRun")->trigger();
    QVERIFY(!m_window->controller().running());
    QVERIFY(child<QLabel>("bannerText")->text().contains(QStringLiteral("the longest context")));
    auto* use = child<QPushButton>("bannerAction");
    QVERIFY(use->text().startsWith(QStringLiteral("Use ")));
    use->click();
    QVERIFY(!m_window->session().tooLarge());
}

void TestMainWindow::aRunFillsTheTable() {
    runToEnd("ok");
    QCOMPARE(m_window->runs().runs().back().state, RunState::Complete);
    const auto* table = child<QTableView>("runsTable");
    QCOMPARE(table->model()->rowCount(), 2);
    QVERIFY(table->model()
                ->index(0, RunsModel::StateColumn)
                .data()
                .toString()
                .contains(QStringLiteral("±10 %")));
    QVERIFY(m_window->session().overview().variants.at(1).measuredTokensPerSecond.has_value());
}

void TestMainWindow::aKilledWorkerKeepsItsSamples() {
    runToEnd("crash");
    const Run& run = m_window->runs().runs().back();
    QCOMPARE(run.state, RunState::Failed);
    QCOMPARE(run.recording.samples.size(), std::size_t{1});
    QVERIFY(run.cause.contains(QStringLiteral("killed")));
    QVERIFY(child<QLabel>("bannerText")->text().contains(QStringLiteral("partial")));
    QCOMPARE(child<QPushButton>("bannerAction")->text(), QStringLiteral("Show log"));
    const Result<Recording> kept = readRecording(run.file.toStdString());
    QVERIFY(kept.ok());
    QCOMPARE(kept->samples.size(), std::size_t{1});
}

void TestMainWindow::garbageLinesAreLoggedAndPassedOver() {
    runToEnd("garbage");
    QCOMPARE(m_window->runs().runs().back().recording.samples.size(), std::size_t{2});
    QVERIFY(readRecording(m_window->runs().runs().back().file.toStdString()).ok());
}

void TestMainWindow::stopEndsARunAndKeepsItPartial() {
    begin("hang");
    child<QAction>("actionRun")->trigger();
    QTRY_COMPARE_WITH_TIMEOUT(m_window->runs().samples().size(), std::size_t{1}, 5000);
    QVERIFY(child<QAction>("actionStop")->isEnabled());
    child<QAction>("actionStop")->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->controller().running(), 5000);
    QCOMPARE(m_window->runs().runs().back().state, RunState::Partial);
}

void TestMainWindow::anotherVersionIsRefused() {
    qputenv("FAKE_WORKER", "version");
    m_window->begin(QStringLiteral(FAKE_WORKER_PATH), false);
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->controller().problem().isEmpty(), 5000);
    QVERIFY(m_window->controller().problem().contains(QStringLiteral("9.9.9")));
    QVERIFY(!child<QAction>("actionRun")->isEnabled());
}

void TestMainWindow::aMissingWorkerIsSaid() {
    m_window->begin(QStringLiteral("/nowhere/decodescope-cli"), true);
    QVERIFY(m_window->controller().problem().contains(QStringLiteral("is missing")));
    QCOMPARE(child<QAction>("actionRun")->toolTip(), m_window->controller().problem());
}

void TestMainWindow::dataIsExportedAndReadBack() {
    runToEnd("ok");
    const QString csv = m_folder.filePath(QStringLiteral("data.csv"));
    QVERIFY(m_window->exportTo(csv));
    QFile file(csv);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto rows = parseCsv(file.readAll().toStdString());
    QVERIFY(rows.ok());
    QCOMPARE(rows->size(), std::size_t{3});
    const QString json = m_folder.filePath(QStringLiteral("data.json"));
    QVERIFY(m_window->exportTo(json));
    QFile text(json);
    QVERIFY(text.open(QIODevice::ReadOnly));
    const auto records = nlohmann::json::parse(text.readAll().toStdString());
    QCOMPARE(records.at(0).at("context_tokens").get<int>(), 8192);
    QVERIFY(!m_window->exportTo(QStringLiteral("/nowhere/data.csv")));
    QVERIFY(!m_window->exportTo(m_folder.filePath(QStringLiteral("data.xyz"))));
}

void TestMainWindow::aRecordingIsSavedAndOpened() {
    runToEnd("ok");
    const QString path = m_folder.filePath(QStringLiteral("run.jsonl"));
    QVERIFY(m_window->saveTo(path));
    init();
    QVERIFY(m_window->runs().empty());
    m_window->openPath(path);
    QCOMPARE(m_window->runs().samples().size(), std::size_t{2});
    QCOMPARE(QSettings().value(QStringLiteral("recent")).toStringList().constFirst(), path);
}

void TestMainWindow::aDroppedModelIsTaken() {
    const QString path = m_folder.filePath(QStringLiteral("config.json"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(R"({"model_type":"llama","num_hidden_layers":4,"num_attention_heads":12,
        "num_key_value_heads":3,"hidden_size":768,"intermediate_size":2048,"vocab_size":32000})");
    file.close();
    drop(path);
    QCOMPARE(child<QLineEdit>("heads")->text(), QStringLiteral("12"));
    QCOMPARE(child<QLineEdit>("kvHeads")->text(), QStringLiteral("3"));
}

void TestMainWindow::drop(const QString& path) {
    QMimeData mime;
    mime.setUrls({QUrl::fromLocalFile(path)});
    QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(m_window.get(), &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent event(QPointF(10, 10), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(m_window.get(), &event);
}

void TestMainWindow::aDroppedTableIsTaken() {
    const QString path = m_folder.filePath(QStringLiteral("rows.csv"));
    const auto write = [&path](const QByteArray& line) {
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("study,citation,metric,better,model,kv_bytes_per_token,value\n" + line + "\n");
    };
    auto* studies = child<QComboBox>("tradeOffStudy");
    const int published = studies->count();
    write("Ours,Me,recall,higher,A,1024,much");
    drop(path);
    QVERIFY(child<QLabel>("bannerText")->text().contains(QStringLiteral("line 2, column 7")));
    QCOMPARE(studies->count(), published);
    write("Ours,Me,recall,higher,A,1024,0.5");
    drop(path);
    QCOMPARE(studies->currentText(), QStringLiteral("Ours (yours)"));
    QVERIFY(studies->isVisible()); // the tab is shown
    QTest::mouseClick(child<QPushButton>("tradeOffRemove"), Qt::LeftButton);
    QCOMPARE(studies->count(), published);
}

void TestMainWindow::aBadFileLeavesWhatWasOpen() {
    const ModelSpec before = m_window->session().configuration().model;
    const QString path = m_folder.filePath(QStringLiteral("broken.json"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("{\"model_type\": ");
    file.close();
    m_window->openPath(path);
    QVERIFY(child<QLabel>("bannerText")->text().contains(QStringLiteral("broken.json")));
    QCOMPARE(m_window->session().configuration().model, before);
}

void TestMainWindow::closingInMidRunKeepsTheLines() {
    begin("hang");
    child<QAction>("actionRun")->trigger();
    QTRY_COMPARE_WITH_TIMEOUT(m_window->runs().samples().size(), std::size_t{1}, 5000);
    const QString file = m_window->runs().runs().back().file;
    m_window->close();
    QVERIFY(!m_window->controller().running());
    const Result<Recording> kept = readRecording(file.toStdString());
    QVERIFY(kept.ok());
    QCOMPARE(kept->samples.size(), std::size_t{2});
    QVERIFY(!kept->complete);
}

void TestMainWindow::bothThemesAreShownAndRemembered() {
    child<QAction>("theme-dark")->trigger();
    QTRY_VERIFY(m_window->palette().color(QPalette::Window).lightness() < 128);
    QCOMPARE(QSettings().value(QStringLiteral("theme")).toString(), QStringLiteral("dark"));
    child<QAction>("theme-light")->trigger();
    QTRY_VERIFY(m_window->palette().color(QPalette::Window).lightness() > 128);
}

void TestMainWindow::aRunIsPinnedAndTheNextComparedWithIt() {
    begin("ok");
    auto* pin = child<QAction>("actionPinBaseline");
    auto* remove = child<QAction>("actionRemoveBaseline");
    QVERIFY(!pin->isEnabled() && !remove->isEnabled());
    QVERIFY(pin->toolTip().contains(QStringLiteral("Nothing has been measured")));
    child<QAction>("actionRun")->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->runs().empty() && !m_window->controller().running(), 10000);
    m_window->activateWindow(); // shortcuts are heard by the active window
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    QTest::keyClick(m_window.get(), Qt::Key_B, Qt::ControlModifier | Qt::ShiftModifier);
    const std::optional<Baseline>& baseline = m_window->session().baseline();
    QVERIFY(baseline.has_value());
    QCOMPARE(baseline->name, QStringLiteral("run 1"));
    QCOMPARE(baseline->samples, m_window->runs().samples());
    QVERIFY(remove->isEnabled());
    QCOMPARE(child<QLabel>("bannerText")->text(), QStringLiteral("run 1 is the baseline."));
    child<QPushButton>("bannerAction")->click();
    QVERIFY(child<QWidget>("comparePage")->isVisible());
    QVERIFY(!child<QWidget>("plot-compare")->isVisible());
    child<QAction>("actionRun")->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->controller().running(), 10000);
    QTRY_VERIFY_WITH_TIMEOUT(child<QWidget>("plot-compare")->isVisible(), 2000);
    QVERIFY(child<QLabel>("compareSides")->text().contains(QStringLiteral("A: run 1")));
    const QString path = m_folder.filePath(QStringLiteral("comparison.csv"));
    QVERIFY(m_window->exportTo(path));
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto rows = parseCsv(file.readAll().toStdString());
    QVERIFY(rows.ok());
    QCOMPARE(rows->size(), std::size_t{3}); // a header and two configurations
    QCOMPARE(rows->front().front(), std::string("verdict"));
    remove->trigger();
    QVERIFY(!m_window->session().baseline());
    QVERIFY(!child<QWidget>("plot-compare")->isVisible());
}

void TestMainWindow::aRunOfTheTableIsPinned() {
    runToEnd("ok");
    child<QAction>("actionRun")->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->controller().running(), 10000);
    auto* table = child<QTableView>("runsTable");
    QCOMPARE(table->model()->rowCount(), 4);
    table->setCurrentIndex(table->model()->index(0, 0));
    child<QAction>("runsPin")->trigger();
    QCOMPARE(m_window->session().baseline()->name, QStringLiteral("run 1"));
    table->setCurrentIndex(table->model()->index(3, 0));
    child<QAction>("runsPin")->trigger();
    QCOMPARE(m_window->session().baseline()->name, QStringLiteral("run 2"));
}

void TestMainWindow::twoFilesAreCompared() {
    runToEnd("ok");
    const QString a = m_folder.filePath(QStringLiteral("a.jsonl"));
    const QString b = m_folder.filePath(QStringLiteral("b.jsonl"));
    QVERIFY(m_window->saveTo(a));
    QVERIFY(m_window->saveTo(b)); // the same run: told apart by its file all the same
    QVERIFY(m_window->compareFiles(a, b));
    QVERIFY(child<QWidget>("plot-compare")->isVisible());
    QCOMPARE(child<QLabel>("compareSides")->text(), QStringLiteral("A: a.jsonl · B: b.jsonl"));
    const QString plans = m_folder.filePath(QStringLiteral("plans.json"));
    m_window->session().setSamples({});
    QFile file(plans);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray::fromStdString(nlohmann::json(m_window->session().plans()).dump()));
    file.close();
    QVERIFY(!m_window->compareFiles(a, plans));
    QVERIFY(child<QLabel>("bannerText")->text().contains(QStringLiteral("it holds plans")));
    QVERIFY(!m_window->openBaseline(m_folder.filePath(QStringLiteral("missing.jsonl"))));
}

void TestMainWindow::aClaimIsTestedFromItsTab() {
    begin("ok");
    auto* tabs = child<QTabWidget>("tabs");
    tabs->setCurrentWidget(child<QWidget>("claimsPage"));
    auto* test = child<QWidget>("claim-compute_bound_attention")
                     ->findChild<QToolButton*>(QStringLiteral("claimTest"));
    QTRY_VERIFY(test->isVisible());
    QTRY_VERIFY(test->isEnabled());
    test->click();
    QVERIFY(m_window->controller().running());
    QVERIFY(!test->isEnabled());
    QCOMPARE(m_window->session().configuration().workload.scope, Scope::Attention);
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->controller().running(), 10000);
    QVERIFY(test->isEnabled());
}

QTEST_MAIN(TestMainWindow)
#include "test_main_window.moc"
