// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAction>
#include <QDockWidget>
#include <QFile>
#include <QLabel>
#include <QListView>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTabWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include "app/gui/last_session.h"
#include "app/gui/main_window.h"
#include "app/gui/run_notifier.h"
#include "core/spec/presets.h"

using namespace decodescope;

namespace {

RunRequest requestOf(const char* preset) {
    RunRequest request;
    request.model = *findModelPreset(preset);
    request.variants = defaultVariants(request.model);
    return request;
}

} // namespace

/// Runs that are paused, gone on with and queued, and the window that is opened again.
class TestLongRuns : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void init();
    void aRunIsPausedAndGoesOn();
    void aPausedRunIsStopped();
    void whatIsMissingIsAddedToTheSameFile();
    void anOpenedPartialRecordingOffersItsRest();
    void aQuickLookIsNotGoneOnWith();
    void anotherMachinesRecordingIsNotGoneOnWith();
    void anArrayIsNotAddedTo();
    void theQueueRunsOneAfterTheOther();
    void aFailingRunDoesNotEndTheQueue();
    void aStopHoldsTheQueue();
    void theQueueIsSortedByKeys();
    void anEmptyQueueSaysHowToFillIt();
    void whatDoesNotFitIsNotQueued();
    void theEndOfALongRunIsTold();
    void theTimeLeftIsSaidInWords();
    void whatWasOpenIsOpenAgain();
    void anOlderSessionIsOpened();
    void newForgetsWhatWasOpen();
    void whatIsMissingIsSaidAndTheRestIsOpened();
    void aModelFileIsReadAgain();
    void theDefaultLayoutComesBack();
    void severalRunsAreReplayedOneAfterTheOther();

private:
    void begin(const char* mode);
    void waitForTheEnd(std::size_t runs = 1);
    void openAgain();
    template <typename T>
    T* child(const char* name) {
        T* found = m_window->findChild<T*>(QString::fromLatin1(name));
        Q_ASSERT(found);
        return found;
    }
    QAction* action(const char* name) { return child<QAction>(name); }
    QString banner() { return child<QLabel>("bannerText")->text(); }
    std::unique_ptr<MainWindow> m_window;
    QTemporaryDir m_folder;
};

void TestLongRuns::initTestCase() {
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("decodescope-test"));
    QCoreApplication::setApplicationName(QStringLiteral("long-runs"));
    QVERIFY(m_folder.isValid());
}

void TestLongRuns::init() {
    QSettings().clear();
    qunsetenv("FAKE_POINTS");
    m_window = std::make_unique<MainWindow>();
    m_window->show();
}

void TestLongRuns::begin(const char* mode) {
    qputenv("FAKE_WORKER", mode);
    m_window->begin(QStringLiteral(FAKE_WORKER_PATH), false);
    QTRY_COMPARE_WITH_TIMEOUT(m_window->session().devices().size(), std::size_t{1}, 5000);
}

void TestLongRuns::waitForTheEnd(std::size_t runs) {
    QTRY_VERIFY_WITH_TIMEOUT(m_window->runs().runs().size() >= runs &&
                                 !m_window->controller().running() &&
                                 (m_window->queue().empty() || m_window->queue().held()),
                             10000);
}

void TestLongRuns::openAgain() {
    m_window->close();
    m_window = std::make_unique<MainWindow>();
    m_window->restoreSession();
    m_window->show();
}

void TestLongRuns::aRunIsPausedAndGoesOn() {
    begin("hang");
    QVERIFY(!action("actionPause")->isEnabled());
    action("actionRun")->trigger();
    QTRY_COMPARE_WITH_TIMEOUT(m_window->runs().samples().size(), std::size_t{1}, 5000);
    action("actionPause")->trigger();
    const auto* said = child<QLabel>("progressText");
    QTRY_VERIFY_WITH_TIMEOUT(said->text().startsWith(QStringLiteral("paused")), 5000);
    QVERIFY(m_window->controller().paused() && m_window->controller().running());
    QVERIFY(action("actionPause")->text().contains(QStringLiteral("Continue")));
    action("actionPause")->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(!said->text().startsWith(QStringLiteral("paused")), 5000);
    QVERIFY(!m_window->controller().paused());
    action("actionStop")->trigger();
    waitForTheEnd();
    QCOMPARE(m_window->runs().samples().size(), std::size_t{2});
}

void TestLongRuns::aPausedRunIsStopped() {
    begin("hang");
    action("actionRun")->trigger();
    QTRY_COMPARE_WITH_TIMEOUT(m_window->runs().samples().size(), std::size_t{1}, 5000);
    action("actionPause")->trigger();
    action("actionStop")->trigger();
    waitForTheEnd();
    QVERIFY(!m_window->controller().paused());
    QCOMPARE(m_window->runs().runs().back().state, RunState::Partial);
}

void TestLongRuns::whatIsMissingIsAddedToTheSameFile() {
    begin("points");
    QVERIFY(!action("actionGoOn")->isEnabled());
    m_window->session().setText(Field::Contexts, QStringLiteral("1K, 2K"));
    qputenv("FAKE_POINTS", "4");
    action("actionRun")->trigger();
    waitForTheEnd();
    QCOMPARE(m_window->runs().runs().back().state, RunState::Partial);
    QVERIFY(action("actionGoOn")->isEnabled());
    const QString file = m_window->runs().runs().back().file;
    QCOMPARE(child<QPushButton>("bannerAction")->text(), QStringLiteral("Measure what is missing"));
    qunsetenv("FAKE_POINTS");
    child<QPushButton>("bannerAction")->click();
    QVERIFY(m_window->controller().running());
    waitForTheEnd();
    QCOMPARE(m_window->runs().runs().size(), std::size_t{1});
    const Run& run = m_window->runs().runs().back();
    QCOMPARE(run.state, RunState::Complete);
    QCOMPARE(run.file, file);
    QVERIFY(!action("actionGoOn")->isEnabled());
    const Result<Recording> kept = readRecording(file.toStdString());
    QVERIFY(kept.ok() && kept->complete);
    QCOMPARE(kept->runs.size(), std::size_t{2});
    std::set<std::pair<std::string, std::int64_t>> points;
    for (const Sample& sample : kept->samples)
        QVERIFY(points.emplace(sample.variant, sample.context).second);
    QCOMPARE(points.size(), std::size_t{6});
}

void TestLongRuns::anOpenedPartialRecordingOffersItsRest() {
    begin("points");
    qputenv("FAKE_POINTS", "5");
    action("actionRun")->trigger();
    waitForTheEnd();
    const QString path = m_folder.filePath(QStringLiteral("partial.jsonl"));
    QVERIFY(QFile::copy(m_window->runs().runs().back().file, path));
    // What a killed worker left of its last line is taken off before anything is added.
    QFile cut(path);
    QVERIFY(cut.open(QIODevice::Append));
    cut.write("{\"kind\":\"sam");
    cut.close();
    init();
    begin("points");
    m_window->openPath(path);
    QVERIFY(banner().contains(QStringLiteral("partial")));
    action("actionGoOn")->trigger();
    waitForTheEnd();
    QCOMPARE(m_window->runs().samples().size(), std::size_t{18}); // 6 contexts, 3 variants
    const Result<Recording> kept = readRecording(path.toStdString());
    QVERIFY(kept.ok() && kept->complete);
    QCOMPARE(kept->samples.size(), std::size_t{18});
}

void TestLongRuns::aQuickLookIsNotGoneOnWith() {
    begin("points");
    qputenv("FAKE_POINTS", "1");
    m_window->controller().run(true);
    waitForTheEnd();
    // The fake does not say that it was one: the recording that was asked for is.
    Recording quick = m_window->runs().runs().back().recording;
    quick.runs.back().quickLook = true;
    RunStore store;
    store.open(quick, {});
    QVERIFY(!store.unfinished());
    // A partial run before a quick look is still found.
    Recording partial = quick;
    partial.runs.back().quickLook = false;
    store.open(partial, QStringLiteral("a"));
    store.append(quick, QStringLiteral("b"), false);
    QVERIFY(store.unfinished() && store.unfinished()->file == QStringLiteral("a"));
    store.goOn();
    store.finish(RunState::Complete, {});
    QCOMPARE(store.runs().front().state, RunState::Complete);
    QVERIFY(!store.unfinished());
}

void TestLongRuns::anotherMachinesRecordingIsNotGoneOnWith() {
    begin("points");
    qputenv("FAKE_POINTS", "1");
    action("actionRun")->trigger();
    waitForTheEnd();
    Recording other = m_window->runs().runs().back().recording;
    other.runs.back().device.name = "Another CPU";
    for (Sample& sample : other.samples)
        sample.device = "Another CPU";
    const QString path = m_folder.filePath(QStringLiteral("other.jsonl"));
    QVERIFY(writeRecording(other, path.toStdString()).ok());
    m_window->openPath(path);
    action("actionGoOn")->trigger();
    QVERIFY(!m_window->controller().running());
    QVERIFY2(banner().contains(QStringLiteral("Another CPU")), qPrintable(banner()));
}

void TestLongRuns::anArrayIsNotAddedTo() {
    begin("points");
    qputenv("FAKE_POINTS", "1");
    action("actionRun")->trigger();
    waitForTheEnd();
    const Recording& made = m_window->runs().runs().back().recording;
    const QString path = m_folder.filePath(QStringLiteral("array.jsonl"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(("[" + toLine(made.runs.back()) + "," + toLine(made.samples.back()) + "]").c_str());
    file.close();
    const qint64 size = file.size();
    m_window->openPath(path);
    action("actionGoOn")->trigger();
    QVERIFY(!m_window->controller().running());
    QVERIFY2(banner().contains(QStringLiteral("array")), qPrintable(banner()));
    QCOMPARE(QFile(path).size(), size);
}

void TestLongRuns::theQueueRunsOneAfterTheOther() {
    begin("points");
    m_window->session().setText(Field::Contexts, QStringLiteral("1K"));
    action("actionEnqueue")->trigger();
    m_window->session().setText(Field::Contexts, QStringLiteral("2K"));
    action("actionEnqueue")->trigger();
    m_window->session().setModel(*findModelPreset("llama-2-7b"));
    action("actionEnqueue")->trigger();
    waitForTheEnd(3);
    const std::vector<Run>& runs = m_window->runs().runs();
    QCOMPARE(runs.size(), std::size_t{3});
    QCOMPARE(runs[0].recording.samples.front().context, std::int64_t{1024});
    QCOMPARE(runs[1].recording.samples.front().context, std::int64_t{2048});
    QCOMPARE(runs[2].recording.runs.front().model.id, std::string("llama-2-7b"));
    for (const Run& run : runs)
        QCOMPARE(run.state, RunState::Complete);
    QVERIFY(runs[0].file != runs[1].file);
}

void TestLongRuns::aFailingRunDoesNotEndTheQueue() {
    begin("crash");
    action("actionEnqueue")->trigger();
    action("actionEnqueue")->trigger();
    waitForTheEnd(2);
    QCOMPARE(m_window->runs().runs().size(), std::size_t{2});
    for (const Run& run : m_window->runs().runs())
        QCOMPARE(run.state, RunState::Failed);
}

void TestLongRuns::aStopHoldsTheQueue() {
    begin("hang");
    action("actionRun")->trigger();
    QTRY_COMPARE_WITH_TIMEOUT(m_window->runs().samples().size(), std::size_t{1}, 5000);
    action("actionEnqueue")->trigger();
    QVERIFY(child<QDockWidget>("queueDock")->isVisible());
    action("actionStop")->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(m_window->queue().held(), 5000);
    QTest::qWait(50);
    QVERIFY(!m_window->controller().running());
    QCOMPARE(m_window->queue().rowCount(), 1);
    auto* hold = child<QToolButton>("queueHold");
    QCOMPARE(hold->text(), QStringLiteral("Start queue"));
    qputenv("FAKE_WORKER", "ok");
    hold->click();
    waitForTheEnd(2);
    QCOMPARE(m_window->runs().runs().back().state, RunState::Complete);
    QVERIFY(m_window->queue().empty());
}

void TestLongRuns::theQueueIsSortedByKeys() {
    m_window->queue().setHeld(true);
    for (const char* preset : {"llama-2-7b", "llama-3.1-8b", "falcon-7b"})
        m_window->queue().add(requestOf(preset));
    child<QDockWidget>("queueDock")->raise();
    auto* list = child<QListView>("queueList");
    const auto titles = [list] {
        QStringList all;
        for (int row = 0; row < list->model()->rowCount(); ++row)
            all << list->model()->index(row, 0).data().toString().section(QLatin1Char(':'), 0, 0);
        return all;
    };
    const QStringList before = titles();
    QCOMPARE(before.size(), 3);
    list->setCurrentIndex(list->model()->index(2, 0));
    list->setFocus();
    m_window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    QTest::keyClick(list, Qt::Key_Up, Qt::ControlModifier);
    QCOMPARE(titles(), QStringList({before[0], before[2], before[1]}));
    QCOMPARE(list->currentIndex().row(), 1);
    QTest::keyClick(list, Qt::Key_Down, Qt::ControlModifier);
    QCOMPARE(titles(), before);
    QTest::keyClick(list, Qt::Key_Down, Qt::ControlModifier); // the last one stays the last
    QCOMPARE(titles(), before);
    child<QToolButton>("queueUp")->click();
    QCOMPARE(titles(), QStringList({before[0], before[2], before[1]}));
    QTest::keyClick(list, Qt::Key_Delete);
    QCOMPARE(titles(), QStringList({before[0], before[1]}));
    QVERIFY(!child<QToolButton>("queueDown")->isEnabled());
    QVERIFY(!list->accessibleName().isEmpty());
}

void TestLongRuns::anEmptyQueueSaysHowToFillIt() {
    child<QDockWidget>("queueDock")->raise();
    QVERIFY(child<QLabel>("queueEmpty")->isVisible());
    QVERIFY(!m_window->queue().takeNext());
    m_window->queue().removeAt(0);
    m_window->queue().moveUp(0);
    m_window->queue().moveDown(-1);
    RunRequest request = requestOf("llama-2-7b");
    request.workload.contexts = {1024, 4096, 32768};
    request.workload.batches = {1, 4};
    request.workload.scope = Scope::Step;
    const QString title = runTitle(request);
    for (const char* part : {"MHA, GQA-8, MQA", "1K–32K", "batch 1–4", "whole step", "60 s"})
        QVERIFY2(title.contains(QString::fromUtf8(part)), qPrintable(title));
}

void TestLongRuns::whatDoesNotFitIsNotQueued() {
    begin("points");
    m_window->session().setText(Field::Memory, QStringLiteral("2 GiB"));
    action("actionEnqueue")->trigger();
    QVERIFY(m_window->queue().empty());
    QVERIFY(banner().contains(QStringLiteral("the longest context")));
    m_window->session().setText(Field::KvHeads, QStringLiteral("7"));
    QVERIFY(!action("actionEnqueue")->isEnabled());
    QVERIFY(action("actionEnqueue")->toolTip().contains(QStringLiteral("7 KV heads")));
}

void TestLongRuns::theEndOfALongRunIsTold() {
    RunNotifier& notifier = m_window->notifier();
    QSignalSpy told(&notifier, &RunNotifier::told);
    m_window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    notifier.runEnded(100, QStringLiteral("done"));
    QCOMPARE(told.size(), 0); // the user looks at it
    QWidget other;
    other.show();
    other.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&other));
    notifier.runEnded(5, QStringLiteral("done"));
    QCOMPARE(told.size(), 0); // it was short
    notifier.runEnded(100, QStringLiteral("done"));
    QCOMPARE(told.size(), 1);
    action("actionNotify")->trigger();
    notifier.runEnded(100, QStringLiteral("done"));
    QCOMPARE(told.size(), 1);
    QVERIFY(!QSettings().value(QStringLiteral("notify")).toBool());
    action("actionNotify")->trigger();
    QVERIFY(notifier.enabled());
}

void TestLongRuns::theTimeLeftIsSaidInWords() {
    begin("hang");
    action("actionRun")->trigger();
    QTRY_COMPARE_WITH_TIMEOUT(m_window->runs().samples().size(), std::size_t{1}, 5000);
    action("actionPause")->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(
        child<QLabel>("progressText")->text().contains(QStringLiteral("3 min left")), 5000);
    action("actionStop")->trigger();
    waitForTheEnd();
}

void TestLongRuns::whatWasOpenIsOpenAgain() {
    begin("points");
    Session& session = m_window->session();
    session.setModel(*findModelPreset("falcon-7b"));
    session.setText(Field::Contexts, QStringLiteral("3K, 5K"));
    session.setText(Field::Memory, QStringLiteral("40 GiB"));
    session.setText(Field::Layers, QStringLiteral("8"));
    session.setKvTypes({DataType::Q8_0, DataType::Q4_0});
    session.setText(Field::LayersPerCache, QStringLiteral("2"));
    session.setScope(Scope::Step);
    session.setEngine("vllm");
    session.setText(Field::PcieRate, QStringLiteral("63 GB/s"));
    action("actionRun")->trigger();
    waitForTheEnd();
    const QString file = m_window->runs().runs().back().file;
    m_window->findChild<QTabWidget*>(QStringLiteral("tabs"))->setCurrentIndex(1);
    const Configuration before = session.configuration();
    const std::size_t points = m_window->runs().samples().size();
    QVERIFY(points > 0);
    openAgain();
    QVERIFY(m_window->session().configuration() == before);
    QCOMPARE(m_window->runs().samples().size(), points);
    QCOMPARE(m_window->runs().runs().back().file, file);
    QVERIFY(!m_window->runs().runs().back().saved);
    QCOMPARE(child<QTabWidget>("tabs")->currentIndex(), 1);
    QVERIFY(!child<QWidget>("banner")->isVisible());
}

void TestLongRuns::anOlderSessionIsOpened() {
    m_window->session().setText(Field::Layers, QStringLiteral("8"));
    m_window->close();
    QSettings settings;
    settings.beginGroup(QStringLiteral("session"));
    QStringList fields = settings.value(QStringLiteral("fields")).toStringList();
    fields.removeLast(); // it knew of fewer, and of one type for keys and values
    settings.setValue(QStringLiteral("fields"), fields);
    settings.setValue(QStringLiteral("kvType"), QStringLiteral("q8_0"));
    settings.sync();
    m_window = std::make_unique<MainWindow>();
    m_window->restoreSession();
    const Configuration& opened = m_window->session().configuration();
    QCOMPARE(opened.workload.kvTypes, (KvTypes{DataType::Q8_0, DataType::Q8_0}));
    QCOMPARE(opened.shape.layers.value_or(0), std::int64_t{8});
    QVERIFY(m_window->session().valid());
}

void TestLongRuns::newForgetsWhatWasOpen() {
    begin("points");
    m_window->session().setModel(*findModelPreset("falcon-7b"));
    action("actionRun")->trigger();
    waitForTheEnd();
    const QString file = m_window->runs().runs().back().file;
    action("actionNew")->trigger();
    QVERIFY(m_window->runs().empty());
    QCOMPARE(m_window->session().configuration().model.id, std::string(kDefaultModelId));
    openAgain();
    QVERIFY(m_window->runs().empty());
    QCOMPARE(m_window->session().configuration().model.id, std::string(kDefaultModelId));
    QVERIFY(QFile::exists(file)); // forgotten, not lost
}

void TestLongRuns::whatIsMissingIsSaidAndTheRestIsOpened() {
    begin("points");
    action("actionRun")->trigger();
    waitForTheEnd(1);
    action("actionRun")->trigger();
    waitForTheEnd(2);
    const QString gone = m_window->runs().runs().front().file;
    const QString kept = m_window->runs().runs().back().file;
    m_window->close();
    QVERIFY(QFile::remove(gone));
    m_window = std::make_unique<MainWindow>();
    m_window->restoreSession();
    m_window->show();
    QVERIFY(child<QWidget>("banner")->isVisible());
    QVERIFY2(banner().contains(gone), qPrintable(banner()));
    QCOMPARE(m_window->runs().runs().size(), std::size_t{1});
    QCOMPARE(m_window->runs().runs().front().file, kept);
}

void TestLongRuns::aModelFileIsReadAgain() {
    const QString path = m_folder.filePath(QStringLiteral("config.json"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(R"({"model_type":"llama","num_hidden_layers":4,"num_attention_heads":12,
        "num_key_value_heads":3,"hidden_size":768,"intermediate_size":2048,"vocab_size":32000})");
    file.close();
    m_window->openPath(path);
    openAgain();
    QCOMPARE(m_window->session().configuration().model.attentionLayer()->nHeads, std::int64_t{12});
    m_window->close();
    QVERIFY(QFile::remove(path));
    m_window = std::make_unique<MainWindow>();
    m_window->restoreSession();
    QVERIFY2(banner().contains(QStringLiteral("config.json")), qPrintable(banner()));
    QCOMPARE(m_window->session().configuration().model.id, std::string(kDefaultModelId));
}

void TestLongRuns::theDefaultLayoutComesBack() {
    auto* runs = child<QDockWidget>("runsDock");
    auto* side = child<QDockWidget>("configurationDock");
    const int width = side->width();
    runs->hide();
    child<QDockWidget>("queueDock")->hide();
    side->setFloating(true);
    action("actionDefaultLayout")->trigger();
    QTRY_VERIFY(runs->isVisible());
    QVERIFY(child<QDockWidget>("queueDock")->toggleViewAction()->isChecked());
    QVERIFY(!side->isFloating() && side->isVisible());
    QTRY_COMPARE(side->width(), width);
    // It outlives a restart in another layout.
    side->hide();
    openAgain();
    QVERIFY(!child<QDockWidget>("configurationDock")->isVisible());
    action("actionDefaultLayout")->trigger();
    QVERIFY(child<QDockWidget>("configurationDock")->isVisible());
}

void TestLongRuns::severalRunsAreReplayedOneAfterTheOther() {
    Recording recording;
    for (int run = 0; run < 2; ++run)
        for (const double at : {100.0, 200.0, 300.0}) {
            Progress progress;
            progress.atMs = at;
            progress.phase = "measure";
            progress.variant = "MHA";
            progress.repetitionsMs = {1};
            recording.add(progress);
            MemoryEvent memory;
            memory.atMs = at + 20;
            recording.add(memory);
        }
    const LivePoints points = replay(recording, {"MHA"});
    QCOMPARE(points.speed.size(), std::size_t{6});
    for (std::size_t i = 1; i < 6; ++i) {
        QVERIFY(points.speed[i].seconds > points.speed[i - 1].seconds);
        QVERIFY(points.memory[i].seconds > points.memory[i - 1].seconds);
    }
    QCOMPARE(points.speed[3].seconds, 0.32 + 0.1);
    // A pause is a gap in the line.
    LiveFeed feed;
    feed.begin({"MHA"});
    Progress paused;
    paused.phase = kPausedPhase;
    const LivePoints cut =
        feed.take({recording.progress[0], recording.progress[1], paused, recording.progress[2]});
    QVERIFY(!cut.speed[1].startsSegment && cut.speed[2].startsSegment);
}

QTEST_MAIN(TestLongRuns)
#include "test_long_runs.moc"
