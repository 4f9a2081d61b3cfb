// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QTest>

#include "app/gui/panels/answer_strip.h"
#include "app/gui/panels/configuration_panel.h"
#include "app/gui/panels/overview_table.h"
#include "core/plan/footprint.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

using namespace decodescope;

namespace {

constexpr std::uint64_t kLocalMemory = 16 * kGiB;

DeviceInfo localCpu() {
    DeviceInfo device;
    device.id = "cpu";
    device.name = "Some CPU";
    device.backend = "cpu";
    device.available = true;
    device.memoryTotalBytes = kLocalMemory;
    return device;
}

} // namespace

/// The cache's types and sharing, engine, ranks, reserve and efficiency: from the fields to the
/// plan, against the core.
class TestDeploymentFields : public QObject {
    Q_OBJECT
private slots:
    void init();
    void thereIsEveryEngine();
    void theOverviewFollowsEngineAndRanks_data();
    void theOverviewFollowsEngineAndRanks();
    void theCapacityLineIsCrossedAtTheLongestContext();
    void wrongRanksAreExplained_data();
    void wrongRanksAreExplained();
    void noMoreStagesThanLayers();
    void severalDevicesAreNotMeasured();
    void theEnginesReserveGivesWayToTheHand();
    void efficiencyIsAskedOfTheCatalogueOnly();
    void efficiencyNarrowsTheRange();
    void aWrongEfficiencyIsExplained();
    void theRangeStandsWhereSpeedIsPredicted();
    void uncheckedFieldsAreMarked();
    void measurementsAreOfTheirOwnDevice();
    void aRunKeepsTheDeployment();
    void valuesFollowTheKeysUntilTheyDiffer();
    void aRunKeepsBothTypes();
    void layersShareACacheByHand();
    void noMoreLayersShareThanThereAre();
    void aModelThatSharesKeepsToIt();

private:
    template <typename T>
    T* child(const char* name) {
        T* found = m_panel->findChild<T*>(QString::fromLatin1(name));
        Q_ASSERT(found);
        return found;
    }
    /// All at once: half a number may be another right one.
    void type(const char* name, const QString& text) {
        auto* field = child<QLineEdit>(name);
        field->selectAll();
        if (text.isEmpty()) {
            field->del();
            return;
        }
        QApplication::clipboard()->setText(text);
        field->paste();
    }
    void chooseIn(const char* name, const QVariant& data) {
        auto* box = child<QComboBox>(name);
        const int index = box->findData(data);
        QVERIFY(index >= 0);
        box->setCurrentIndex(index);
        emit box->activated(index);
    }
    void chooseEngine(const QString& name) { chooseIn("engine", name); }
    void chooseType(const char* name, DataType type) { chooseIn(name, static_cast<int>(type)); }
    KvTypes chosenTypes() { return m_session->configuration().workload.kvTypes; }
    void measureHere() {
        m_session->addDevice(localCpu());
        m_session->setDevice("cpu");
    }
    const VariantSeries& own() {
        const auto& variants = m_session->overview().variants;
        return *std::find_if(variants.begin(), variants.end(),
                             [](const VariantSeries& each) { return !each.whatIf; });
    }
    /// The model itself at 8K, as the core plans it.
    Plan planned(const char* device, const Deployment& deployment) {
        Workload workload = m_session->configuration().workload;
        workload.scope = Scope::Step;
        return makePlan(asIs(*findModelPreset("llama-3.1-8b")),
                        planDevice(*findDevicePreset(device)), workload, 8192, 1, deployment);
    }
    QAction m_run;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<ConfigurationPanel> m_panel;
};

void TestDeploymentFields::init() {
    m_panel.reset();
    m_session = std::make_unique<Session>();
    m_session->setModel(*findModelPreset("llama-3.1-8b"));
    m_session->setDevice("rtx-4090");
    m_panel = std::make_unique<ConfigurationPanel>(*m_session, &m_run);
    m_panel->resize(300, 900);
    m_panel->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_panel.get()));
}

void TestDeploymentFields::thereIsEveryEngine() {
    const auto* box = child<QComboBox>("engine");
    QCOMPARE(box->count(), static_cast<int>(engines().size()));
    QCOMPARE(box->currentData().toString(), QStringLiteral("ideal"));
    QStringList shown;
    for (int i = 0; i < box->count(); ++i)
        shown << box->itemText(i);
    QCOMPARE(shown.mid(1), QStringList({"vLLM", "llama.cpp", "SGLang", "Ollama", "transformers"}));
    QVERIFY(!box->accessibleName().isEmpty());
}

void TestDeploymentFields::theOverviewFollowsEngineAndRanks_data() {
    QTest::addColumn<QString>("engine");
    QTest::addColumn<int>("tensorRanks");
    QTest::addColumn<int>("stages");
    for (const Engine& engine : engines())
        QTest::newRow(std::string(engine.name).c_str()) << QString::fromUtf8(engine.name) << 1 << 1;
    QTest::newRow("four tensor ranks") << "vllm" << 4 << 1;
    QTest::newRow("both kinds of ranks") << "sglang" << 2 << 3;
}

void TestDeploymentFields::theOverviewFollowsEngineAndRanks() {
    QFETCH(QString, engine);
    QFETCH(int, tensorRanks);
    QFETCH(int, stages);
    chooseEngine(engine);
    type("tensorParallel", QString::number(tensorRanks));
    type("pipelineParallel", QString::number(stages));
    const Plan plan =
        planned("rtx-4090", {*parseEngine(engine.toStdString()), tensorRanks, stages, false});
    QCOMPARE(own().maxContext, plan.maxContext);
    const Footprint& rank = plan.fullestRank;
    QCOMPARE(*m_session->overview().freeForKvBytes,
             capacityBytes(plan) - rank.weightsBytes - rank.workspaceBytes - rank.overheadBytes);
    QCOMPARE(m_session->overview().weightsBytes, rank.weightsBytes);
    m_session->setScope(Scope::Step);
    QCOMPARE(own().predictedTokensPerSecond, plan.forecast.tokensPerSecond);
    QCOMPARE(m_session->plans().at(1).deployment, plan.deployment);
}

void TestDeploymentFields::theCapacityLineIsCrossedAtTheLongestContext() {
    chooseEngine(QStringLiteral("vllm"));
    type("tensorParallel", QStringLiteral("2"));
    const auto free = static_cast<double>(*m_session->overview().freeForKvBytes);
    const double longest = curveAt(own().kvCurve, static_cast<double>(own().maxContext));
    QVERIFY2(std::abs(longest / free - 1) < 0.01,
             qPrintable(QStringLiteral("%1 of %2").arg(longest).arg(free)));
    QVERIFY(m_session->overview().deployment.contains(QStringLiteral("vLLM · TP 2")));
}

void TestDeploymentFields::wrongRanksAreExplained_data() {
    QTest::addColumn<QByteArray>("field");
    QTest::addColumn<QString>("typed");
    QTest::addColumn<QString>("said");
    for (const char* field : {"tensorParallel", "pipelineParallel"}) {
        QTest::addRow("%s, none", field) << QByteArray(field) << "0"
                                         << "from 1 to 64";
        QTest::addRow("%s, too many", field) << QByteArray(field) << "65"
                                             << "from 1 to 64";
        QTest::addRow("%s, words", field) << QByteArray(field) << "two"
                                          << "not a whole number";
    }
}

void TestDeploymentFields::wrongRanksAreExplained() {
    QFETCH(QByteArray, field);
    QFETCH(QString, typed);
    QFETCH(QString, said);
    const std::int64_t before = own().maxContext;
    type(field.constData(), typed);
    const auto* message = child<QLabel>((field + "Message").constData());
    QVERIFY(message->isVisible());
    QVERIFY2(message->text().contains(said), qPrintable(message->text()));
    QVERIFY(message->height() >= message->heightForWidth(message->width()));
    QCOMPARE(m_session->whyNoRun(), message->text());
    QCOMPARE(own().maxContext, before);
    type(field.constData(), QStringLiteral("1"));
    QVERIFY(!message->isVisible());
}

void TestDeploymentFields::noMoreStagesThanLayers() {
    type("layers", QStringLiteral("4"));
    type("pipelineParallel", QStringLiteral("8"));
    QVERIFY(
        child<QLabel>("pipelineParallelMessage")->text().contains(QStringLiteral("there are 4")));
    QCOMPARE(m_session->deployment().pipelineParallel, 4);
    QCOMPARE(m_session->plans().front().deployment.pipelineParallel, 4);
    type("layers", QStringLiteral("8"));
    QVERIFY(!child<QLabel>("pipelineParallelMessage")->isVisible());
    QCOMPARE(m_session->deployment().pipelineParallel, 8);
}

void TestDeploymentFields::severalDevicesAreNotMeasured() {
    measureHere();
    QVERIFY(m_session->whyNoRun().isEmpty());
    type("tensorParallel", QStringLiteral("2"));
    QVERIFY(m_session->whyNoRun().contains(QStringLiteral("2 devices")));
    QVERIFY(!m_session->request(false).ok());
}

void TestDeploymentFields::theEnginesReserveGivesWayToTheHand() {
    QCOMPARE(child<QLineEdit>("reserve")->text(), QStringLiteral("10%"));
    chooseEngine(QStringLiteral("llama.cpp"));
    QCOMPARE(child<QLineEdit>("reserve")->text(), QString());
    QCOMPARE(child<QLineEdit>("reserve")->placeholderText(), QStringLiteral("llama.cpp: 1.0 GiB"));
    QCOMPARE(m_session->plans().front().reserveBytes, kGiB);
    type("reserve", QStringLiteral("25%"));
    const PlanDevice device = m_session->planDevice();
    QCOMPARE(m_session->plans().front().reserveBytes, device.memoryBytes / 4);
    type("reserve", QString());
    QCOMPARE(m_session->plans().front().reserveBytes, kGiB);
    type("reserve", QStringLiteral("120%"));
    QVERIFY(child<QLabel>("reserveMessage")->isVisible());
}

void TestDeploymentFields::efficiencyIsAskedOfTheCatalogueOnly() {
    QVERIFY(child<QLineEdit>("efficiency")->isVisible());
    QCOMPARE(child<QLineEdit>("efficiency")->placeholderText(), QStringLiteral("70%-85%"));
    QVERIFY(child<QLabel>("detected")
                ->text()
                .contains(QString::fromStdString(describe(kDatasheetRange))));
    type("efficiency", QStringLiteral("much"));
    measureHere();
    QVERIFY(!child<QLineEdit>("efficiency")->isVisible());
    QVERIFY(m_session->whyNoRun().isEmpty()); // what cannot be seen cannot be wrong
    QVERIFY(!child<QLabel>("detected")->text().contains(QStringLiteral("reached")));
}

void TestDeploymentFields::efficiencyNarrowsTheRange() {
    m_session->setScope(Scope::Step);
    const double all = own().predictedTokensPerSecond;
    QVERIFY(std::abs(own().predictedLow / all - 0.70) < 1e-9); // a step is memory-bound here
    QVERIFY(std::abs(own().predictedHigh / all - 0.85) < 1e-9);
    type("efficiency", QStringLiteral("50%-60%"));
    QCOMPARE(own().predictedTokensPerSecond, all);
    QVERIFY(std::abs(own().predictedLow / all - 0.50) < 1e-9);
    QVERIFY(std::abs(own().predictedHigh / all - 0.60) < 1e-9);
    QVERIFY(child<QLabel>("detected")->text().contains(QStringLiteral("50 to 60 %")));
    type("efficiency", QString());
    QVERIFY(std::abs(own().predictedLow / all - 0.70) < 1e-9);
}

void TestDeploymentFields::aWrongEfficiencyIsExplained() {
    type("efficiency", QStringLiteral("85%-70%"));
    const auto* message = child<QLabel>("efficiencyMessage");
    QVERIFY(message->isVisible());
    QVERIFY(message->text().contains(QStringLiteral("70%-85%")));
    QCOMPARE(m_session->planDevice().range, kDatasheetRange);
}

void TestDeploymentFields::theRangeStandsWhereSpeedIsPredicted() {
    m_session->setScope(Scope::Step);
    const Plan plan = planned("rtx-4090", {});
    const QString speed =
        QString::fromStdString(predictedSpeed(plan)); // as the command line has it
    const QString range = speed.mid(speed.indexOf(QLatin1Char('(')));
    QVERIFY(range.startsWith(QLatin1Char('(')));
    AnswerStrip strip;
    strip.setOverview(m_session->overview());
    const auto* card = strip.findChild<QWidget*>(QStringLiteral("answerCard-1"));
    QVERIFY(card->findChild<QLabel*>(QStringLiteral("answerSpeedUnit"))->text().startsWith(range));
    QCOMPARE(overviewTable(m_session->overview()).rows[1][3], speed);
}

void TestDeploymentFields::uncheckedFieldsAreMarked() {
    const auto markIn = [](const QString& text) { return text.contains("(unverified)"); };
    const auto onTheCard = [this] {
        AnswerStrip strip;
        strip.setOverview(m_session->overview());
        const auto* card = strip.findChild<QWidget*>(QStringLiteral("answerCard-1"));
        const auto* mark = card->findChild<QLabel*>(QStringLiteral("answerUnverified"));
        return mark->isVisibleTo(card) ? mark->text() : QString();
    };
    QVERIFY(!markIn(child<QLabel>("detected")->text()));
    QCOMPARE(onTheCard(), QString());
    m_session->setDevice("p100"); // neither its memory nor its 16-bit rate was checked
    QCOMPARE(child<QLabel>("detected")->text().count(QStringLiteral("(unverified)")), 2);
    QCOMPARE(onTheCard(), QStringLiteral("(unverified)"));
    const QStringList row = overviewTable(m_session->overview()).rows[1];
    QVERIFY(markIn(row[2]) && markIn(row[3]));
    type("memory", QStringLiteral("16 GiB"));
    QCOMPARE(onTheCard(), QStringLiteral("speed (unverified)"));
    QVERIFY(!markIn(child<QLabel>("detected")->text().section(QLatin1Char(','), 0, 0)));
}

void TestDeploymentFields::measurementsAreOfTheirOwnDevice() {
    Sample sample;
    sample.variant = "GQA-8";
    sample.layers = sample.layersMeasured = sample.nHeads = 32;
    sample.nKvHeads = 8;
    sample.headDim = 128;
    sample.context = 8192;
    sample.tokensPerSecond = 7;
    m_session->addDevice(localCpu());
    m_session->setSamples({sample});
    QVERIFY(!own().measuredTokensPerSecond); // of the catalogue's device nothing was measured
    m_session->setDevice("cpu");
    QCOMPARE(own().measuredTokensPerSecond.value_or(0), 7.0);
    type("tensorParallel", QStringLiteral("2"));
    QVERIFY(!own().measuredTokensPerSecond);
}

void TestDeploymentFields::aRunKeepsTheDeployment() {
    measureHere();
    chooseEngine(QStringLiteral("llama.cpp"));
    type("reserve", QStringLiteral("5%"));
    const Result<RunRequest> request = m_session->request(false);
    QVERIFY(request.ok());
    QCOMPARE(request->deployment, (Deployment{*parseEngine("llama.cpp"), 1, 1, true}));
    Recording recording;
    RunStarted run;
    run.model = request->model;
    run.workload = request->workload;
    run.deployment = request->deployment;
    recording.runs.push_back(run);
    Session other;
    other.setRun(recording);
    QCOMPARE(other.deployment(), request->deployment);
    QCOMPARE(other.text(Field::Reserve), QStringLiteral("5%"));
}

void TestDeploymentFields::valuesFollowTheKeysUntilTheyDiffer() {
    chooseType("keyType", DataType::Q8_0);
    QCOMPARE(chosenTypes(), (KvTypes{DataType::Q8_0, DataType::Q8_0}));
    QCOMPARE(child<QComboBox>("valueType")->currentText(), QStringLiteral("q8_0"));
    const std::uint64_t same = own().kvBytesPerToken;
    chooseType("valueType", DataType::Q4_0);
    QCOMPARE(chosenTypes(), (KvTypes{DataType::Q8_0, DataType::Q4_0}));
    QVERIFY(own().kvBytesPerToken < same);
    QCOMPARE(own().kvBytesPerToken,
             kvBytesPerToken(*findModelPreset("llama-3.1-8b"), chosenTypes()));
    chooseType("keyType", DataType::F16);
    QCOMPARE(chosenTypes(), (KvTypes{DataType::F16, DataType::Q4_0}));
    QVERIFY(m_session->overview().shape.contains(QStringLiteral("f16/q4_0")));
    QCOMPARE(child<QComboBox>("keyType")->accessibleName(), QStringLiteral("Type of keys"));
    QCOMPARE(child<QComboBox>("valueType")->accessibleName(), QStringLiteral("Type of values"));
}

void TestDeploymentFields::aRunKeepsBothTypes() {
    measureHere();
    chooseType("keyType", DataType::Q8_0);
    chooseType("valueType", DataType::Q4_0);
    for (const bool quickLook : {true, false}) {
        const Result<RunRequest> request = m_session->request(quickLook);
        QVERIFY(request.ok());
        QCOMPARE(request->workload.kvTypes, (KvTypes{DataType::Q8_0, DataType::Q4_0}));
    }
}

void TestDeploymentFields::layersShareACacheByHand() {
    measureHere();
    QCOMPARE(child<QLineEdit>("layersPerCache")->text(), QStringLiteral("1"));
    const std::uint64_t alone = own().kvBytesPerToken;
    type("layersPerCache", QStringLiteral("2"));
    QCOMPARE(own().kvBytesPerToken * 2, alone);
    const ModelSpec shared = withSharedCaches(*findModelPreset("llama-3.1-8b"), 2);
    const Result<RunRequest> request = m_session->request(true);
    QVERIFY(request.ok());
    QCOMPARE(request->model, shared);
    Sample sample;
    sample.model =
        findModelPreset("llama-3.1-8b")->name; // as it is: not the one whose layers share
    sample.variant = "GQA-8";
    sample.layers = sample.nHeads = 32;
    sample.nKvHeads = 8;
    sample.headDim = 128;
    sample.context = 8192;
    sample.tokensPerSecond = 7;
    m_session->setSamples({sample});
    QVERIFY(!own().measuredTokensPerSecond);
    sample.model = shared.name;
    m_session->setSamples({sample});
    QCOMPARE(own().measuredTokensPerSecond.value_or(0), 7.0);
    type("layersPerCache", QString());
    QCOMPARE(own().kvBytesPerToken, alone);
}

void TestDeploymentFields::noMoreLayersShareThanThereAre() {
    const auto* message = child<QLabel>("layersPerCacheMessage");
    for (const char* wrong : {"0", "-2", "33", "two"}) {
        type("layersPerCache", QString::fromLatin1(wrong));
        QVERIFY2(message->isVisible(), wrong);
        QVERIFY(m_session->whyNoRun().contains(message->text()));
    }
    type("layersPerCache", QStringLiteral("32"));
    QVERIFY(!message->isVisible());
    type("layers", QStringLiteral("8"));
    QVERIFY2(message->text().contains(QStringLiteral("there are 8")), qPrintable(message->text()));
}

void TestDeploymentFields::aModelThatSharesKeepsToIt() {
    auto* field = child<QLineEdit>("layersPerCache");
    QVERIFY(field->isEnabled());
    ModelSpec model = withSharedCaches(*findModelPreset("llama-3.1-8b"), 4);
    m_session->setModel(model);
    QVERIFY(!field->isEnabled());
    QCOMPARE(field->text(), QStringLiteral("4"));
    model.layers[1].ownsCache = true; // in no groups
    m_session->setModel(model);
    QCOMPARE(field->text(), QString());
    m_session->setText(Field::LayersPerCache, QStringLiteral("2")); // as a session kept it
    QVERIFY(!m_session->configuration().shape.any());
    QCOMPARE(field->text(), QString());
    m_session->setModel(*findModelPreset("llama-3.1-8b"));
    QVERIFY(field->isEnabled());
}

QTEST_MAIN(TestDeploymentFields)
#include "test_deployment_fields.moc"
