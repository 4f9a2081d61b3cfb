// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>

#include "core/spec/presets.h"
#include "core/spec/units.h"

using namespace decodescope;

/// Wrong values that stand in public tables of models and devices, and must not stand in ours.
class TestPresetTraps : public QObject {
    Q_OBJECT

private slots:
    void noModelHasTheShapeOfAWrongTable_data();
    void noModelHasTheShapeOfAWrongTable();
    void noLlamaIsFourTimesAsWideInside();
    void noDeviceHasTheFigureOfAWrongTable_data();
    void noDeviceHasTheFigureOfAWrongTable();
    void noPeakIsThatOfSparseMatrices_data();
    void noPeakIsThatOfSparseMatrices();
    void marketedMemoryIsBinaryAndBandwidthDecimal();
    void aThousandTokensAreThe1024OfEveryRow();
};

void TestPresetTraps::noModelHasTheShapeOfAWrongTable_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<QList<qint64>>("right"); // layers, hidden size, feed-forward width
    QTest::addColumn<QList<qint64>>("wrong");
    QTest::newRow("LLaMA 7B, 4 × hidden")
        << "llama-7b" << QList<qint64>{32, 4096, 11008} << QList<qint64>{32, 4096, 16384};
    QTest::newRow("Llama 2 7B, 4 × hidden")
        << "llama-2-7b" << QList<qint64>{32, 4096, 11008} << QList<qint64>{32, 4096, 16384};
    QTest::newRow("BLOOM as GPT-3")
        << "bloom-176b" << QList<qint64>{70, 14336, 57344} << QList<qint64>{96, 12288, 49152};
}

void TestPresetTraps::noModelHasTheShapeOfAWrongTable() {
    QFETCH(QString, model);
    QFETCH(QList<qint64>, right);
    QFETCH(QList<qint64>, wrong);
    const Result<ModelSpec> preset = findModelPreset(model.toStdString());
    QVERIFY(preset.ok());
    const QList<qint64> ours = {preset->layerCount(), preset->hiddenSize,
                                preset->layers.front().ffn.hidden};
    QVERIFY(ours != wrong);
    QCOMPARE(ours, right);
}

void TestPresetTraps::noLlamaIsFourTimesAsWideInside() {
    int llamas = 0;
    for (const ModelSpec& model : modelPresets()) {
        const bool first = model.family == "Llama 1" || model.family == "Llama 2";
        llamas += first;
        for (const LayerSpec& layer : model.layers)
            QVERIFY2(!first || layer.ffn.hidden < 4 * model.hiddenSize, model.id.c_str());
    }
    QCOMPARE(llamas, 7); // LLaMA and Llama 2
}

void TestPresetTraps::noDeviceHasTheFigureOfAWrongTable_data() {
    QTest::addColumn<QString>("device");
    QTest::addColumn<bool>("memory"); // otherwise bandwidth
    QTest::addColumn<double>("right");
    QTest::addColumn<QList<double>>("wrong");
    constexpr double gib = kGiB;
    QTest::newRow("A10 with 28 GB") << "a10" << true << 24 * gib << QList<double>{28 * gib, 28e9};
    QTest::newRow("V100 16 GB with 32")
        << "v100-16gb" << true << 16 * gib << QList<double>{32 * gib, 32e9};
    QTest::newRow("RTX 5060, 128 bit × 28 Gb/s")
        << "rtx-5060" << false << 448e9 << QList<double>{336e9, 256e9};
    QTest::newRow("RX 9070 XT") << "rx-9070-xt" << false << 640e9 << QList<double>{624e9};
    QTest::newRow("H100 PCIe, not an A100's")
        << "h100-pcie" << false << 2000e9 << QList<double>{2039e9, 2048e9};
    QTest::newRow("M3 Ultra, not an M2 Ultra's")
        << "apple-m3-ultra" << false << 819e9 << QList<double>{800e9};
}

void TestPresetTraps::noDeviceHasTheFigureOfAWrongTable() {
    QFETCH(QString, device);
    QFETCH(bool, memory);
    QFETCH(double, right);
    QFETCH(QList<double>, wrong);
    const Result<DeviceSpec> preset = findDevicePreset(device.toStdString());
    QVERIFY(preset.ok());
    const double ours =
        memory ? static_cast<double>(preset->memoryBytes) : preset->bandwidthBytesPerSecond;
    QVERIFY(!wrong.contains(ours));
    QCOMPARE(ours, right);
}

void TestPresetTraps::noPeakIsThatOfSparseMatrices_data() {
    QTest::addColumn<QString>("device");
    QTest::addColumn<double>("dense"); // 16 bit, f32 accumulate
    QTest::newRow("GH200") << "gh200-96gb" << 989e12;
    QTest::newRow("H100 SXM") << "h100-sxm" << 989e12;
    QTest::newRow("H200") << "h200" << 989e12;
    QTest::newRow("A100 SXM") << "a100-80gb-sxm" << 312e12;
    // GeForce: half of the rate with f16 accumulation.
    QTest::newRow("RTX 3090") << "rtx-3090" << 71e12;
    QTest::newRow("RTX 4090") << "rtx-4090" << 165.2e12;
    QTest::newRow("RTX 5090") << "rtx-5090" << 209.5e12;
}

void TestPresetTraps::noPeakIsThatOfSparseMatrices() {
    QFETCH(QString, device);
    QFETCH(double, dense);
    const Result<DeviceSpec> preset = findDevicePreset(device.toStdString());
    QVERIFY(preset.ok());
    const double ours = preset->halfFlopPerSecond.value_or(0);
    QVERIFY(qAbs(ours - dense) < 0.01 * dense); // a sparse one is twice, f16 accumulation too
}

void TestPresetTraps::marketedMemoryIsBinaryAndBandwidthDecimal() {
    // A "24 GB" card has close to 24 × 2^30 bytes, never 24 × 10^9; bandwidths are in 10^9.
    for (const char* id : {"rtx-4090", "rtx-3090", "a10", "l4"}) {
        const Result<DeviceSpec> preset = findDevicePreset(id);
        QVERIFY2(preset.ok(), id);
        QVERIFY2(preset->memoryBytes > 25'000'000'000 && preset->memoryBytes <= 24 * kGiB, id);
    }
    QCOMPARE(findDevicePreset("rtx-4090")->bandwidthBytesPerSecond, 1008e9);
    QCOMPARE(*parseBytes("24GB"), std::uint64_t{24'000'000'000});
    QCOMPARE(*parseBytes("24GiB"), 24 * kGiB);
    QVERIFY(*parseBytes("24GB") != *parseBytes("24GiB"));
}

void TestPresetTraps::aThousandTokensAreThe1024OfEveryRow() {
    // One table means 1,024 by "1k" and 16,000 by "16k" in the next row.
    for (const std::int64_t k : {1, 2, 8, 16, 32, 64, 128, 256}) {
        for (const char* unit : {"k", "K", "Ki", " k"})
            QCOMPARE(*parseTokens(std::to_string(k) + unit), k * 1024);
        QCOMPARE(parseTokenList("1k," + std::to_string(k) + "k")->back(), k * 1024);
    }
    QCOMPARE(*parseTokens("16000"), std::int64_t{16'000}); // as a number it is one
    QCOMPARE(*parseTokens("1M"), std::int64_t{1024 * 1024});
}

QTEST_APPLESS_MAIN(TestPresetTraps)
#include "test_preset_traps.moc"
