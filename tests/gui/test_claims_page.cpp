// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QScrollArea>
#include <QTest>
#include <QToolButton>

#include "app/gui/models/claims_builder.h"
#include "app/gui/panels/claim_card.h"
#include "app/gui/panels/claims_page.h"
#include "app/gui/panels/data_table.h"
#include "app/gui/panels/verdict_chip.h"
#include "core/spec/presets.h"

using namespace decodescope;

namespace {

QString plain(const std::string& text) {
    return QString::fromStdString(text);
}

/// A Sample of the Session's model with so many KV heads.
Sample sampleOf(const Session& session, std::int64_t kvHeads, Scope scope, double ms) {
    const ModelSpec& model = session.configuration().model;
    const LayerSpec& layer = *model.attentionLayer();
    Sample sample;
    sample.runId = "a";
    sample.variant = kvHeads == 1 ? "MQA" : "MHA";
    sample.attention = kvHeads == 1 ? "mqa" : "mha";
    sample.model = model.name;
    sample.layers = sample.layersMeasured = model.layerCount();
    sample.nHeads = layer.nHeads;
    sample.nKvHeads = kvHeads;
    sample.headDim = layer.headDimK;
    sample.weightsType = session.configuration().workload.weightsType;
    sample.scope = scope;
    sample.device = "Test CPU";
    sample.threads = 2;
    sample.context = 8192;
    sample.tpotP50Ms = ms;
    sample.tokensPerSecond = 1000 / ms;
    for (int i = 0; i < 20; ++i)
        sample.repetitionsMs.push_back(ms * (1 + 0.001 * (i - 9.5)));
    sample.kvBytes = static_cast<std::uint64_t>(512 * kvHeads * 8192 * sample.layers);
    sample.bytesRead = 1000;
    sample.flop = 32000;
    sample.ceilingBytesPerSecond = 38e9;
    sample.ceilingFlopPerSecond = 267e9;
    sample.bound = "memory";
    sample.boundBy = BottleneckEvidence{0.95, 0.1, 0.0, 0.95, 0.05};
    return sample;
}

} // namespace

/// The Claims tab, each word against the core's.
class TestClaimsPage : public QObject {
    Q_OBJECT
private slots:
    void init();
    void everyClaimIsTheCores();
    void samplesChangeVerdicts();
    void aButtonPreparesAndRuns();
    void aButtonIsAsAbleAsRun();
    void nothingIsOfferedWithoutARun();
    void allClaimsAreCopied();
    void thereIsATableTwin();
    void latentsAreSaid();
    void nothingIsCut_data();
    void nothingIsCut();

private:
    QWidget* card(const std::string& id) {
        auto* found = m_page->findChild<QWidget*>(QStringLiteral("claim-") + plain(id));
        Q_ASSERT(found);
        return found;
    }
    QString text(const std::string& id, const char* label) {
        return card(id)->findChild<QLabel*>(QString::fromLatin1(label))->text();
    }
    QToolButton* button(const std::string& id) {
        return card(id)->findChild<QToolButton*>(QStringLiteral("claimTest"));
    }
    void measure(const std::vector<Sample>& samples) { m_session->setSamples(samples); }

    std::unique_ptr<QAction> m_run;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<ClaimsPage> m_page;
};

void TestClaimsPage::init() {
    m_page.reset();
    m_session = std::make_unique<Session>();
    DeviceInfo device;
    device.id = "cpu";
    device.name = "Test CPU";
    device.backend = "cpu";
    device.available = true;
    device.memoryTotalBytes = 64ULL << 30;
    device.ceilings = Ceilings{38e9, 267e9, 2, true};
    m_session->addDevice(device);
    m_run = std::make_unique<QAction>();
    m_page = std::make_unique<ClaimsPage>(*m_session, m_run.get());
    m_page->resize(1000, 640);
    m_page->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_page.get()));
}

void TestClaimsPage::everyClaimIsTheCores() {
    const std::vector<Claim> all = claimsOf(*m_session);
    QCOMPARE(all.size(), std::size_t{12});
    for (const Claim& claim : all) {
        QCOMPARE(text(claim.id, "claimStatement"), plain(claim.statement));
        QCOMPARE(text(claim.id, "claimBecause"), plain(claim.because));
        QCOMPARE(text(claim.id, "claimFormula"), plain(claim.formula));
        QCOMPARE(text(claim.id, "claimNumbers"), plain(claim.numbers));
        QCOMPARE(text(claim.id, "claimEvidence"), plain(claim.evidence));
        const QString needs =
            claim.needs.empty() ? QString() : QStringLiteral("Needed: ") + plain(claim.needs);
        QCOMPARE(text(claim.id, "claimNeeds"), needs);
        const QString verdict =
            card(claim.id)->findChild<VerdictChip*>(QStringLiteral("claimVerdict"))->text();
        QCOMPARE(verdict.toLower(), plain(std::string(inWords(claim.verdict))));
        QCOMPARE(card(claim.id)->accessibleName(), plain(claim.statement));
        QVERIFY(card(claim.id)->accessibleDescription().startsWith(verdict));
        QCOMPARE(button(claim.id)->isVisible(), claim.test.has_value());
    }
    const auto* summaryLabel = m_page->findChild<QLabel*>(QStringLiteral("claimsSummary"));
    QVERIFY(summaryLabel->text().contains(plain(summary(all))));
    QVERIFY(summaryLabel->text().contains(QStringLiteral("Test CPU")));
}

void TestClaimsPage::samplesChangeVerdicts() {
    const auto verdict = [this](const char* id) {
        return card(id)->findChild<VerdictChip*>(QStringLiteral("claimVerdict"))->text();
    };
    QCOMPARE(verdict("faster_steps"), QStringLiteral("Not tested"));
    QCOMPARE(verdict("compute_bound_step"), QStringLiteral("Not tested"));
    measure({sampleOf(*m_session, 32, Scope::Step, 20), sampleOf(*m_session, 1, Scope::Step, 10)});
    QCOMPARE(verdict("faster_steps"), QStringLiteral("Supported"));
    QCOMPARE(verdict("compute_bound_step"), QStringLiteral("Not supported"));
    QVERIFY(text("faster_steps", "claimNumbers").contains(QStringLiteral("= 2.00 (")));
    QVERIFY(text("compute_bound_step", "claimEvidence").contains(QStringLiteral("Test CPU")));
    m_session->setDevice("rtx-4090"); // nothing measured here is of it
    QCOMPARE(verdict("compute_bound_step"), QStringLiteral("Not tested"));
}

void TestClaimsPage::aButtonPreparesAndRuns() {
    int runs = 0;
    connect(m_run.get(), &QAction::triggered, this, [&runs] { ++runs; });
    QToolButton* test = button("compute_bound_step");
    QVERIFY(test->isVisible());
    QVERIFY(test->accessibleName().contains(text("compute_bound_step", "claimStatement")));
    const auto* time = card("compute_bound_step")->findChild<QLabel*>("claimTestTime");
    QCOMPARE(time->text(), QStringLiteral("up to 40 s"));
    test->setFocus();
    QTest::keyClick(test, Qt::Key_Space);
    QCOMPARE(runs, 1);
    const Workload& workload = m_session->configuration().workload;
    QCOMPARE(workload.scope, Scope::Step);
    QCOMPARE(workload.contexts, (std::vector<std::int64_t>{1024, 8192}));
    QCOMPARE(workload.batches, std::vector<std::int64_t>{1});
    QCOMPARE(workload.maxSeconds, 40.0);
}

void TestClaimsPage::aButtonIsAsAbleAsRun() {
    m_run->setToolTip(QStringLiteral("A measurement runs already."));
    m_run->setEnabled(false);
    QToolButton* test = button("compute_bound_attention");
    QVERIFY(!test->isEnabled());
    QCOMPARE(test->toolTip(), m_run->toolTip());
    m_run->setEnabled(true);
    QVERIFY(test->isEnabled());
    QVERIFY(test->toolTip().contains(QStringLiteral("1,024 and 8,192 tokens, attention alone")));
}

void TestClaimsPage::nothingIsOfferedWithoutARun() {
    ClaimsPage page(*m_session, nullptr);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    for (const QToolButton* each : page.findChildren<QToolButton*>(QStringLiteral("claimTest")))
        QVERIFY(!each->isVisible());
}

void TestClaimsPage::allClaimsAreCopied() {
    m_page->findChild<QToolButton*>(QStringLiteral("claimsCopyAll"))->click();
    QCOMPARE(QApplication::clipboard()->text(), plain(claimsList(claimsOf(*m_session))));
}

void TestClaimsPage::thereIsATableTwin() {
    QVERIFY(!m_page->table()->isVisible());
    m_page->showTable(true);
    QVERIFY(m_page->table()->isVisible());
    const std::vector<Claim> all = claimsOf(*m_session);
    QCOMPARE(m_page->table()->rowCount(), static_cast<int>(all.size()));
    for (int row = 0; row < m_page->table()->rowCount(); ++row) {
        const Claim& claim = all[static_cast<std::size_t>(row)];
        QCOMPARE(m_page->table()->item(row, 0)->text(), plain(claim.statement));
        QCOMPARE(m_page->table()->item(row, 1)->text(), plain(std::string(inWords(claim.verdict))));
    }
}

void TestClaimsPage::latentsAreSaid() {
    m_session->setModel(*findModelPreset("deepseek-v3"));
    QVERIFY(text("cache_factor", "claimBecause").contains(QStringLiteral("no KV heads")));
    QVERIFY(!card("cache_factor")->findChild<QLabel*>(QStringLiteral("claimNumbers"))->isVisible());
}

void TestClaimsPage::nothingIsCut_data() {
    QTest::addColumn<int>("width");
    QTest::newRow("narrow") << 420;
    QTest::newRow("smallest window") << 700;
    QTest::newRow("wide") << 1400;
}

void TestClaimsPage::nothingIsCut() {
    QFETCH(int, width);
    m_session->setText(Field::TensorParallel, QStringLiteral("2"));
    m_page->resize(width, 600);
    QTest::qWait(50);
    for (const char* name : {"claimStatement", "claimBecause", "claimFormula", "claimNumbers",
                             "claimEvidence", "claimNeeds"})
        for (const QLabel* each : m_page->findChildren<QLabel*>(QString::fromLatin1(name))) {
            if (!each->isVisible())
                continue;
            QVERIFY2(each->height() >= each->heightForWidth(each->width()),
                     qPrintable(each->text()));
            QVERIFY2(each->width() >= each->minimumSizeHint().width(), qPrintable(each->text()));
        }
    const auto* scroll = m_page->findChild<QScrollArea*>(QStringLiteral("claimsScroll"));
    QVERIFY(scroll->widget()->width() <= scroll->viewport()->width());
}

QTEST_MAIN(TestClaimsPage)
#include "test_claims_page.moc"
