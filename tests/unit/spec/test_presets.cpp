// SPDX-License-Identifier: Apache-2.0
#include <QElapsedTimer>
#include <QTest>

#include <algorithm>
#include <set>

#include "core/spec/presets.h"
#include "core/spec/units.h"

using namespace decodescope;

/// The models and devices that come with the program.
class TestPresets : public QObject {
    Q_OBJECT

private slots:
    void readingThemTakesNoNoticeableTime(); // first: the lists are read once
    void idsAreUniqueAndLowerCase();
    void windowsFollowThePatternOfTheFamily_data();
    void windowsFollowThePatternOfTheFamily();
    void recurrentLayersStandWhereTheModelHasThem();
    void expertsStartAfterTheDenseLayers();
    void aModelIsFoundByIdOrNameInAnyCase();
    void anUnknownNameIsAnsweredWithTheClosest();
    void deviceFiguresHaveTheUnitsOfTheirDatasheets();
    void everyEntryNamesItsSources();
};

void TestPresets::readingThemTakesNoNoticeableTime() {
    QElapsedTimer timer;
    timer.start();
    const std::size_t count = modelPresets().size() + devicePresets().size();
    const double ms = static_cast<double>(timer.nsecsElapsed()) / 1e6;
    qInfo("%zu presets in %.2f ms", count, ms);
    QCOMPARE(modelPresets().size(), std::size_t{97});
    QCOMPARE(devicePresets().size(), std::size_t{93});
    QVERIFY(ms < 200); // a debug build under a sanitizer, on a busy machine
}

void TestPresets::idsAreUniqueAndLowerCase() {
    std::set<std::string> ids;
    const auto check = [&ids](const std::string& id) {
        return ids.insert(id).second && std::none_of(id.begin(), id.end(), [](unsigned char c) {
                   return std::isupper(c) || std::isspace(c);
               });
    };
    for (const ModelSpec& model : modelPresets())
        QVERIFY2(check(model.id), model.id.c_str());
    ids.clear();
    for (const DeviceSpec& device : devicePresets())
        QVERIFY2(check(device.id), device.id.c_str());
}

void TestPresets::windowsFollowThePatternOfTheFamily_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<int>("window");
    QTest::addColumn<int>("local");
    QTest::addColumn<int>("firstGlobal"); // -1: none
    QTest::newRow("alternating") << "gemma-2-9b" << 4096 << 21 << 1;
    QTest::newRow("alternating, small") << "gpt-oss-20b" << 128 << 12 << 1;
    QTest::newRow("five local, one global") << "gemma-3-4b" << 1024 << 29 << 5;
    QTest::newRow("ends local") << "gemma-3-1b" << 512 << 22 << 5;
    QTest::newRow("all local") << "mistral-7b-v0.1" << 4096 << 32 << -1;
    QTest::newRow("no window") << "llama-3.1-8b" << 0 << 0 << 0;
}

void TestPresets::windowsFollowThePatternOfTheFamily() {
    QFETCH(QString, model);
    QFETCH(int, window);
    QFETCH(int, local);
    QFETCH(int, firstGlobal);
    const ModelSpec preset = *findModelPreset(model.toStdString());
    int locals = 0;
    int first = -1;
    for (std::size_t i = 0; i < preset.layers.size(); ++i) {
        const std::int64_t tokens = preset.layers[i].window;
        QVERIFY(tokens == 0 || tokens == window);
        locals += tokens > 0;
        if (tokens == 0 && first < 0)
            first = static_cast<int>(i);
    }
    QCOMPARE(locals, local);
    QCOMPARE(first, firstGlobal);
}

void TestPresets::recurrentLayersStandWhereTheModelHasThem() {
    const ModelSpec next = *findModelPreset("qwen3-next-80b-a3b");
    for (std::size_t i = 0; i < next.layers.size(); ++i) {
        const bool attends = i % 4 == 3; // full attention every fourth layer
        QCOMPARE(next.layers[i].attention == AttentionKind::Softmax, attends);
        QCOMPARE(next.layers[i].stateBytes == 0, attends);
    }
    // 32 value heads × 128 × 128 and three columns of the convolution, in f32.
    QCOMPARE(next.layers[0].stateBytes, std::uint64_t{4 * (32 * 128 * 128 + 3 * 8192)});
    const ModelSpec falcon = *findModelPreset("falcon-h1-7b");
    for (const LayerSpec& layer : falcon.layers) {
        QVERIFY(layer.attention == AttentionKind::Softmax); // side by side in every layer
        QVERIFY(layer.stateBytes > 0);
    }
}

void TestPresets::expertsStartAfterTheDenseLayers() {
    const ModelSpec v3 = *findModelPreset("deepseek-v3");
    for (std::size_t i = 0; i < v3.layers.size(); ++i) {
        QVERIFY(v3.layers[i].attention == AttentionKind::Mla);
        QCOMPARE(v3.layers[i].ffn.experts, std::int64_t{i < 3 ? 0 : 256});
    }
}

void TestPresets::aModelIsFoundByIdOrNameInAnyCase() {
    const ModelSpec byId = *findModelPreset("llama-3.1-8b");
    QVERIFY(*findModelPreset("LLAMA-3.1-8B") == byId);
    QVERIFY(*findModelPreset(byId.name) == byId);
    QVERIFY(*findModelPreset("Llama 3.1 8B") == byId);
    QVERIFY(findDevicePreset("RTX-4090").ok());
    QVERIFY(*findDevicePreset("RTX 4090") == *findDevicePreset("rtx-4090"));
}

void TestPresets::anUnknownNameIsAnsweredWithTheClosest() {
    const Result<ModelSpec> model = findModelPreset("lama-3.1-8b");
    QVERIFY(!model.ok());
    QCOMPARE(model.error().code, ErrorCode::BadUsage);
    const QString hint = QString::fromStdString(model.error().hint);
    QVERIFY2(hint.contains("llama-3.1-8b"), qPrintable(hint));
    QVERIFY2(hint.contains("decodescope-cli models"), qPrintable(hint));
    const Result<DeviceSpec> device = findDevicePreset("rtx4090");
    QVERIFY(!device.ok());
    QVERIFY(QString::fromStdString(device.error().hint).contains("rtx-4090"));
    QVERIFY(!findModelPreset("").ok());
    QVERIFY(!findModelPreset(std::string(10'000, 'x')).ok());
}

void TestPresets::deviceFiguresHaveTheUnitsOfTheirDatasheets() {
    const DeviceSpec rtx4090 = *findDevicePreset("rtx-4090");
    QCOMPARE(rtx4090.bandwidthBytesPerSecond, 1008e9); // decimal
    QVERIFY(rtx4090.memoryBytes <= 24 * kGiB && rtx4090.memoryBytes > 23 * kGiB);
    for (const DeviceSpec& device : devicePresets()) {
        QVERIFY2(device.memoryBytes == 0 || device.memoryBytes > kMiB, device.id.c_str());
        QVERIFY2(device.bandwidthBytesPerSecond == 0 || device.bandwidthBytesPerSecond > 1e9,
                 device.id.c_str());
        QVERIFY2(!device.halfFlopPerSecond || *device.halfFlopPerSecond > 1e9, device.id.c_str());
    }
}

void TestPresets::everyEntryNamesItsSources() {
    for (const ModelSpec& model : modelPresets())
        QVERIFY2(!model.citations.empty(), model.id.c_str());
    for (const DeviceSpec& device : devicePresets())
        QVERIFY2(!device.citations.empty() || !device.verified, device.id.c_str());
}

QTEST_APPLESS_MAIN(TestPresets)
#include "test_presets.moc"
