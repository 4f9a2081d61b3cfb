// SPDX-License-Identifier: GPL-3.0-or-later
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QScrollArea>
#include <QTest>
#include <QToolButton>

#include "app/gui/panels/plan_page.h"
#include "core/plan/answers.h"
#include "core/plan/unverified.h"
#include "core/spec/presets.h"

using namespace decodescope;

namespace {

QString plain(const std::string& text) {
    return QString::fromStdString(text);
}

/// The answers as the core gives them, without the window: the whole step of the preset.
std::vector<Answer> expected(const char* device, const Variant& variant,
                             const Deployment& deployment = {}) {
    Workload workload = Session().configuration().workload;
    workload.scope = Scope::Step;
    workload.weightsType = *variant.model.weights.type;
    const Plan plan =
        makePlan(variant, planDevice(*findDevicePreset(device)), workload, 8192, 1, deployment);
    return answers(plan, workload, devicePresets());
}

} // namespace

/// The Plan tab, each figure against the core's.
class TestPlanPage : public QObject {
    Q_OBJECT
private slots:
    void init();
    void everyAnswerIsTheCores_data();
    void everyAnswerIsTheCores();
    void anotherVariantIsAskedAbout();
    void formulasAreOneKeyAway();
    void whatIsOpenStaysOpen();
    void anAnswerIsCopiedWithItsReason();
    void allAnswersAreCopied();
    void uncheckedFiguresAreMarkedAndExplained();
    void replicatedHeadsAreSaid();
    void nothingIsSaidOfUnknownMemory();
    void theLinkIsTypedWhereItCounts();
    void figuresAreNeverCut_data();
    void figuresAreNeverCut();

private:
    QWidget* row(const std::string& id) {
        auto* found = m_page->findChild<QWidget*>(QStringLiteral("planAnswer-") + plain(id));
        Q_ASSERT(found);
        return found;
    }
    QString text(const std::string& id, const char* label) {
        return row(id)->findChild<QLabel*>(QString::fromLatin1(label))->text();
    }
    QToolButton* how(const std::string& id) {
        return row(id)->findChild<QToolButton*>(QStringLiteral("planHow"));
    }
    std::unique_ptr<Session> m_session;
    std::unique_ptr<PlanPage> m_page;
};

void TestPlanPage::init() {
    m_page.reset();
    m_session = std::make_unique<Session>();
    m_session->setModel(*findModelPreset("llama-3.1-8b"));
    m_session->setDevice("rtx-4090");
    m_page = std::make_unique<PlanPage>(*m_session);
    m_page->resize(900, 600);
    m_page->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_page.get()));
}

void TestPlanPage::everyAnswerIsTheCores_data() {
    QTest::addColumn<QByteArray>("device");
    QTest::addColumn<QByteArray>("engine");
    QTest::addColumn<int>("tensorRanks");
    QTest::newRow("one device") << QByteArray("rtx-4090") << QByteArray("ideal") << 1;
    QTest::newRow("too small") << QByteArray("rtx-3060") << QByteArray("transformers") << 1;
    QTest::newRow("by vLLM over two") << QByteArray("h100-sxm") << QByteArray("vllm") << 2;
    QTest::newRow("not checked") << QByteArray("apple-m3-ultra") << QByteArray("ollama") << 1;
}

void TestPlanPage::everyAnswerIsTheCores() {
    QFETCH(QByteArray, device);
    QFETCH(QByteArray, engine);
    QFETCH(int, tensorRanks);
    m_session->setDevice(device.toStdString());
    m_session->setEngine(engine.toStdString());
    m_session->setText(Field::TensorParallel, QString::number(tensorRanks));
    const Deployment deployment{*parseEngine(engine.toStdString()), tensorRanks, 1, false};
    const auto all =
        expected(device.constData(), asIs(*findModelPreset("llama-3.1-8b")), deployment);
    QCOMPARE(all.size(), std::size_t{8});
    for (const Answer& answer : all) {
        QCOMPARE(text(answer.id, "planQuestion"), plain(answer.question));
        QCOMPARE(text(answer.id, "planFigure"), plain(marked(answer.figure, answer.unverified)));
        QCOMPARE(text(answer.id, "planRemark"), plain(answer.remark));
        QCOMPARE(text(answer.id, "planFormula"), plain(answer.formula));
        QCOMPARE(text(answer.id, "planNumbers"), plain(answer.numbers));
        QCOMPARE(row(answer.id)->accessibleName(), plain(answer.question));
        QCOMPARE(row(answer.id)->accessibleDescription(), plain(answer.text()));
    }
}

void TestPlanPage::anotherVariantIsAskedAbout() {
    auto* variants = m_page->findChild<QComboBox*>(QStringLiteral("planVariant"));
    QCOMPARE(variants->currentText(), QStringLiteral("GQA-8"));
    QCOMPARE(variants->count(), 3);
    variants->setFocus();
    QTest::keyClick(variants, Qt::Key_Down);
    QCOMPARE(variants->currentText(), QStringLiteral("MQA (what-if)"));
    const Variant mqa = *variantWithKvHeads(*findModelPreset("llama-3.1-8b"), 1);
    for (const Answer& answer : expected("rtx-4090", mqa))
        QCOMPARE(text(answer.id, "planFigure"), plain(answer.figure));
    m_session->setText(Field::Batches, QStringLiteral("2"));
    QCOMPARE(variants->currentText(), QStringLiteral("MQA (what-if)"));
}

void TestPlanPage::formulasAreOneKeyAway() {
    for (const char* id :
         {"longest_context_tokens", "largest_batch", "smallest_device", "largest_weight_type",
          "predicted_tokens_per_second", "best_gain_from_fewer_kv_heads", "resident_and_read_bytes",
          "offload_break_even_tokens"}) {
        const auto* formula = row(id)->findChild<QLabel*>(QStringLiteral("planFormula"));
        const auto* numbers = row(id)->findChild<QLabel*>(QStringLiteral("planNumbers"));
        QToolButton* button = how(id);
        QVERIFY(!formula->isVisible());
        QVERIFY(button->focusPolicy() & Qt::TabFocus);
        QVERIFY(button->accessibleName().contains(text(id, "planQuestion")));
        QVERIFY(!button->accessibleDescription().isEmpty());
        button->setFocus();
        QTest::keyClick(button, Qt::Key_Space);
        QVERIFY2(formula->isVisible() && numbers->isVisible(), id);
        QVERIFY(formula->textInteractionFlags() & Qt::TextSelectableByKeyboard);
        QTest::keyClick(button, Qt::Key_Space);
        QVERIFY(!formula->isVisible());
    }
}

void TestPlanPage::whatIsOpenStaysOpen() {
    how("largest_batch")->click();
    const QString before = text("largest_batch", "planNumbers");
    m_session->setText(Field::Memory, QStringLiteral("80 GiB"));
    QVERIFY(row("largest_batch")->findChild<QLabel*>(QStringLiteral("planNumbers"))->isVisible());
    QVERIFY(text("largest_batch", "planNumbers") != before);
    QVERIFY(
        !row("smallest_device")->findChild<QLabel*>(QStringLiteral("planNumbers"))->isVisible());
}

void TestPlanPage::anAnswerIsCopiedWithItsReason() {
    how("best_gain_from_fewer_kv_heads")->click();
    row("best_gain_from_fewer_kv_heads")
        ->findChild<QToolButton*>(QStringLiteral("planCopy"))
        ->click();
    const Answer answer = expected("rtx-4090", asIs(*findModelPreset("llama-3.1-8b"))).at(5);
    QCOMPARE(QApplication::clipboard()->text(),
             plain(answer.question + ": " + answer.text() + '\n' + answer.formula + '\n' +
                   answer.numbers));
}

void TestPlanPage::allAnswersAreCopied() {
    m_page->findChild<QToolButton*>(QStringLiteral("planCopyAll"))->click();
    const QString copied = QApplication::clipboard()->text();
    for (const Answer& answer : expected("rtx-4090", asIs(*findModelPreset("llama-3.1-8b"))))
        QVERIFY(copied.contains(plain("- " + answer.question + ": " + answer.text())));
}

void TestPlanPage::uncheckedFiguresAreMarkedAndExplained() {
    const auto* notes = m_page->findChild<QLabel*>(QStringLiteral("planNotes"));
    QVERIFY(!notes->isVisible());
    m_session->setDevice("apple-m3-ultra");
    QVERIFY(text("longest_context_tokens", "planFigure").endsWith(QStringLiteral(" (unverified)")));
    QVERIFY(notes->isVisible());
    QVERIFY(notes->text().contains(QStringLiteral("(unverified): nobody has checked")));
    m_session->setText(Field::Memory, QStringLiteral("96 GiB")); // no longer the catalogue's word
    QVERIFY(!text("longest_context_tokens", "planFigure").contains(QStringLiteral("unverified")));
    QVERIFY(!notes->isVisible());
}

void TestPlanPage::replicatedHeadsAreSaid() {
    m_session->setModel(*findModelPreset("falcon-7b"));
    m_session->setText(Field::TensorParallel, QStringLiteral("8"));
    const auto* notes = m_page->findChild<QLabel*>(QStringLiteral("planNotes"));
    QVERIFY2(notes->text().contains(QStringLiteral("1 KV head for 8 tensor ranks")),
             qPrintable(notes->text()));
}

void TestPlanPage::theLinkIsTypedWhereItCounts() {
    const std::string id = "offload_break_even_tokens";
    auto* field = row(id)->findChild<QLineEdit*>(QStringLiteral("pcieRate"));
    const auto* message = row(id)->findChild<QLabel*>(QStringLiteral("pcieRateMessage"));
    QVERIFY(field && message);
    QCOMPARE(field->text(), QStringLiteral("25 GB/s"));
    const QString usual = text(id, "planFigure");
    field->setFocus();
    field->selectAll();
    QTest::keyClicks(field, QStringLiteral("63 GB/s"));
    QCOMPARE(m_session->configuration().assumptions.pcieBytesPerSecond, 63e9);
    QVERIFY(text(id, "planFigure") != usual);
    QVERIFY(text(id, "planNumbers").contains(QStringLiteral("63 GB/s")));
    const QString faster = text(id, "planFigure");
    field->selectAll();
    QTest::keyClicks(field, QStringLiteral("fast"));
    QVERIFY(message->isVisible());
    QVERIFY2(message->text().contains(QStringLiteral("25 GB/s")), qPrintable(message->text()));
    QCOMPARE(text(id, "planFigure"), faster); // the last rate that was one
    QVERIFY(m_session->whyNoRun() != message->text());
    field->selectAll();
    QTest::keyClick(field, Qt::Key_Delete);
    QVERIFY(!message->isVisible());
    QCOMPARE(text(id, "planFigure"), usual);
    // Bytes with other units, and what is no rate.
    for (const char* good : {"31.5GB", "12 GiB/s", "900000000 B/s"})
        QVERIFY2(parseByteRate(good).ok(), good);
    for (const char* bad : {"", "0 GB/s", "-3 GB/s", "25 GB/h", "25 GB/s/s", "1e400GB"})
        QVERIFY2(!parseByteRate(bad), bad);
}

void TestPlanPage::nothingIsSaidOfUnknownMemory() {
    DeviceInfo blind;
    blind.id = "cuda:0";
    blind.name = "Blind GPU";
    blind.backend = "cuda";
    m_session->addDevice(blind);
    m_session->setDevice("cuda:0");
    QVERIFY(!m_page->findChild<QWidget*>(QStringLiteral("planFits"))->isVisible());
    const auto* basis = m_page->findChild<QLabel*>(QStringLiteral("planBasis"));
    QVERIFY(basis->text().contains(QStringLiteral("memory is known")));
    m_session->setText(Field::Memory, QStringLiteral("24 GiB"));
    QVERIFY(m_page->findChild<QWidget*>(QStringLiteral("planFits"))->isVisible());
}

void TestPlanPage::figuresAreNeverCut_data() {
    QTest::addColumn<int>("width");
    QTest::newRow("narrow") << 420;
    QTest::newRow("smallest window") << 700;
    QTest::newRow("wide") << 1280;
}

void TestPlanPage::figuresAreNeverCut() {
    QFETCH(int, width);
    m_session->setDevice("apple-m3-ultra");
    m_session->setText(Field::TensorParallel, QStringLiteral("2"));
    m_page->resize(width, 600);
    for (QToolButton* each : m_page->findChildren<QToolButton*>(QStringLiteral("planHow")))
        each->setChecked(true);
    QTest::qWait(50);
    for (const char* name : {"planQuestion", "planFigure", "planRemark", "planNumbers"})
        for (const QLabel* each : m_page->findChildren<QLabel*>(QString::fromLatin1(name))) {
            if (!each->isVisible())
                continue;
            QVERIFY2(each->height() >= each->heightForWidth(each->width()),
                     qPrintable(each->text()));
            QVERIFY(each->width() >= each->minimumSizeHint().width());
        }
    const auto* scroll = m_page->findChild<QScrollArea*>(QStringLiteral("planScroll"));
    QVERIFY(scroll->widget()->width() <= scroll->viewport()->width());
}

QTEST_MAIN(TestPlanPage)
#include "test_plan_page.moc"
