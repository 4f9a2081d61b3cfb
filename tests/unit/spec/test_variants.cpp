// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "core/spec/presets.h"
#include "core/spec/workload.h"

using namespace decodescope;

/// A model as it is, and what it would be with other KV heads.
class TestVariants : public QObject {
    Q_OBJECT

private slots:
    void theDefaultSetOfEachKindOfModel_data();
    void theDefaultSetOfEachKindOfModel();
    void aModelOfDifferingLayersStaysAMember();
    void aCountThatDoesNotDivideIsRefused();
    void labelsSayTheKvHeads();
};

/// "MHA? GQA-8 MQA?": the labels in order, a what-if with a question mark.
static QString described(const std::vector<Variant>& variants) {
    QStringList texts;
    for (const Variant& variant : variants)
        texts += QString::fromStdString(variant.label) + (variant.whatIf ? "?" : "");
    return texts.join(' ');
}

void TestVariants::theDefaultSetOfEachKindOfModel_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<QString>("variants");
    QTest::newRow("GQA") << "llama-3.1-8b"
                         << "MHA? GQA-8 MQA?";
    QTest::newRow("MHA") << "llama-2-7b"
                         << "MHA GQA-8? MQA?";
    QTest::newRow("MQA, 71 query heads") << "falcon-7b"
                                         << "MHA? MQA";
    QTest::newRow("GQA of four") << "yi-6b"
                                 << "MHA? GQA-4 MQA?";
    QTest::newRow("MLA has no KV heads") << "deepseek-v3"
                                         << "MLA";
    QTest::newRow("hybrid: its attending layers") << "qwen3-next-80b-a3b"
                                                  << "MHA? GQA-2 MQA?";
}

void TestVariants::theDefaultSetOfEachKindOfModel() {
    QFETCH(QString, model);
    QFETCH(QString, variants);
    const Result<ModelSpec> preset = findModelPreset(model.toStdString());
    QVERIFY2(preset.ok(), preset.ok() ? "" : preset.error().sentence().c_str());
    QCOMPARE(described(defaultVariants(*preset)), variants);
}

void TestVariants::aModelOfDifferingLayersStaysAMember() {
    ModelSpec model = modelByHand({.layers = 4, .nHeads = 16, .nKvHeads = 4, .headDim = 64});
    model.layers[2].nKvHeads = 2;
    const std::vector<Variant> variants = defaultVariants(model);
    QCOMPARE(described(variants), QStringLiteral("MHA? GQA-4 MQA?"));
    QVERIFY(variants[1].model == model);
}

void TestVariants::aCountThatDoesNotDivideIsRefused() {
    const ModelSpec model = *findModelPreset("llama-3.1-8b");
    for (const std::int64_t count : {0, -1, 3, 33, 64}) {
        const Result<Variant> variant = variantWithKvHeads(model, count);
        QVERIFY(!variant.ok());
        QCOMPARE(variant.error().code, ErrorCode::BadUsage);
    }
    QVERIFY(!variantWithKvHeads(*findModelPreset("deepseek-v3"), 1).ok());
}

void TestVariants::labelsSayTheKvHeads() {
    const ModelSpec model = *findModelPreset("llama-3.1-8b");
    QCOMPARE(variantWithKvHeads(model, 2)->label, std::string("GQA-2"));
    QVERIFY(variantWithKvHeads(model, 2)->whatIf);
    QVERIFY(!variantWithKvHeads(model, 8)->whatIf);
    QCOMPARE(variantWithKvHeads(model, 1)->attention, std::string("mqa"));
    QCOMPARE(attentionName(1, 1), std::string("mha")); // one query head shares with nobody
}

QTEST_APPLESS_MAIN(TestVariants)
#include "test_variants.moc"
