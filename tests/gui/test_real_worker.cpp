// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAction>
#include <QElapsedTimer>
#include <QLabel>
#include <QSettings>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include "app/gui/main_window.h"
#include "app/gui/panels/overview_plots.h"
#include "app/gui/plots/memory_plot.h"
#include "app/gui/plots/speed_plot.h"

using namespace decodescope;

/// The window with the real decodescope-cli: a small model is really measured.
class TestRealWorker : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void init();
    void aQuickLookMeasuresAllVariants();
    void aRunFillsPlotsTableAndRecording();
    void stopKeepsWhatWasMeasured();

private:
    void watchMachine(bool quickLook);
    void chooseSmallModel(const char* contexts, const char* seconds);
    std::unique_ptr<MainWindow> m_window;
    QTemporaryDir m_folder;
};

void TestRealWorker::initTestCase() {
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("decodescope-test"));
    QCoreApplication::setApplicationName(QStringLiteral("real-worker"));
    QVERIFY(m_folder.isValid());
}

void TestRealWorker::init() {
    QSettings().clear();
    m_window = std::make_unique<MainWindow>();
    m_window->show();
}

void TestRealWorker::watchMachine(bool quickLook) {
    m_window->begin(QStringLiteral(PROGRAMS_DIR "/decodescope-cli"), quickLook);
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->session().devices().empty(), 10000);
}

void TestRealWorker::chooseSmallModel(const char* contexts, const char* seconds) {
    Session& session = m_window->session();
    session.setText(Field::Layers, QStringLiteral("2"));
    session.setText(Field::Heads, QStringLiteral("8"));
    session.setText(Field::KvHeads, QStringLiteral("2"));
    session.setText(Field::HeadDim, QStringLiteral("64"));
    session.setText(Field::Contexts, QString::fromLatin1(contexts));
    session.setText(Field::TimeBudget, QString::fromLatin1(seconds));
    QVERIFY2(session.whyNoRun().isEmpty(), qPrintable(session.whyNoRun()));
}

void TestRealWorker::aQuickLookMeasuresAllVariants() {
    watchMachine(true);
    QTRY_VERIFY_WITH_TIMEOUT(m_window->controller().running(), 10000);
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->controller().running(), 30000);
    QCOMPARE(m_window->runs().samples().size(), std::size_t{3});
    for (const Sample& sample : m_window->runs().samples()) {
        QVERIFY(sample.quickLook);
        QVERIFY(sample.tokensPerSecond > 0);
        QVERIFY(sample.kvBytes + sample.workspaceBytes <= 256ULL << 20);
    }
    const auto* finding = m_window->findChild<QLabel*>(QStringLiteral("finding"));
    QVERIFY(finding->text().contains(QStringLiteral("not a benchmark")));
}

void TestRealWorker::aRunFillsPlotsTableAndRecording() {
    watchMachine(false);
    chooseSmallModel("512, 1K", "20 s");
    m_window->findChild<QAction*>(QStringLiteral("actionRun"))->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->runs().empty() && !m_window->controller().running(), 60000);
    const std::vector<Sample> samples = m_window->runs().samples();
    QCOMPARE(samples.size(), std::size_t{6}); // MHA, GQA-2 and MQA at two contexts
    QVERIFY(m_window->plots().speed()->pointCount() > samples.size());
    QVERIFY(m_window->plots().memory()->pointCount() > 0);
    const Sample& first = samples.front();
    QCOMPARE(first.kvBytes, first.modelKvBytes);
    QVERIFY(first.memoryTotalBytes.value_or(0) > first.kvBytes);
    for (const QString& name : {QStringLiteral("real.png"), QStringLiteral("real.csv")}) {
        const QString path = m_folder.filePath(name);
        QVERIFY(m_window->exportTo(path));
        QVERIFY(QFile(path).size() > 500);
    }
    const QString recording = m_folder.filePath(QStringLiteral("real.jsonl"));
    QVERIFY(m_window->saveTo(recording));
    const std::size_t points = m_window->plots().speed()->pointCount();
    init();
    m_window->openPath(recording);
    QCOMPARE(m_window->runs().samples().size(), samples.size());
    QCOMPARE(m_window->plots().speed()->pointCount(), points);
}

void TestRealWorker::stopKeepsWhatWasMeasured() {
    watchMachine(false);
    chooseSmallModel("512-64K*2", "600 s");
    m_window->findChild<QAction*>(QStringLiteral("actionRun"))->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->runs().samples().empty(), 30000);
    m_window->findChild<QAction*>(QStringLiteral("actionStop"))->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->controller().running(), 5000);
    QCOMPARE(m_window->runs().runs().back().state, RunState::Partial);
    const Result<Recording> kept = readRecording(m_window->runs().runs().back().file.toStdString());
    QVERIFY(kept.ok());
    QCOMPARE(kept->samples.size(), m_window->runs().samples().size());
}

QTEST_MAIN(TestRealWorker)
#include "test_real_worker.moc"
