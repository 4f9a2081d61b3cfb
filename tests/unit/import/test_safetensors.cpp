// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "files.h"

using namespace decodescope;

namespace {

constexpr char kConfig[] = R"({"model_type":"llama","hidden_size":64,"intermediate_size":256,
    "num_hidden_layers":2,"num_attention_heads":8,"num_key_value_heads":2,"vocab_size":100})";

QByteArray withLength(const QByteArray& header) {
    QByteArray out;
    for (int i = 0; i < 8; ++i)
        out += static_cast<char>((static_cast<quint64>(header.size()) >> (8 * i)) & 0xFF);
    return out + header;
}

QByteArray safetensors(const QByteArray& header, qsizetype dataBytes) {
    return withLength(header) + QByteArray(dataBytes, '\0');
}

constexpr char kTwoTensors[] =
    R"({"__metadata__":{"format":"pt"},
        "a":{"dtype":"BF16","shape":[64,100],"data_offsets":[0,12800]},
        "b":{"dtype":"F32","shape":[64],"data_offsets":[12800,13056]}})";

QByteArray one(const QByteArray& dtype, const QByteArray& shape, const QByteArray& offsets) {
    return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
           offsets + "}}";
}

} // namespace

/// Exact weights from the headers of safetensors files, and the shape beside them.
class TestSafetensors : public QObject {
    Q_OBJECT

private slots:
    void theWeightsAreExactAndTheShapeIsBeside();
    void withoutAConfigItSaysWhereToPutIt();
    void anIndexStandsForAllItsParts();
    void aMissingPartIsNamed();
    void aFolderReadsItsWeightsToo();
    void aFolderWithoutAllWeightsStillHasAShape();
    void packedTensorsDoNotCountAsParameters();
    void aLengthThatLooksLikeABraceIsNoJson();
    void brokenHeadersAreRefused_data();
    void brokenHeadersAreRefused();
    void anIndexMayNotLeaveItsFolder();
};

void TestSafetensors::theWeightsAreExactAndTheShapeIsBeside() {
    Files files;
    files.write("config.json", kConfig);
    const auto result =
        readModelFile(files.write("m.safetensors", safetensors(kTwoTensors, 13056)));
    QCOMPARE(saidOf(result), QString("ok"));
    QCOMPARE(result->weights.exactBytes.value(), std::uint64_t{13056});
    QCOMPARE(result->weights.parameters.value(), std::uint64_t{6464});
    QCOMPARE(result->weights.activeParameters.value(), std::uint64_t{6464});
    QCOMPARE(result->weights.type.value(), DataType::BF16);
    QCOMPARE(result->source.format, std::string("safetensors"));
    QCOMPARE(result->layers[0].nKvHeads, 2);
}

void TestSafetensors::withoutAConfigItSaysWhereToPutIt() {
    Files files;
    const QString said =
        saidOf(readModelFile(files.write("m.safetensors", safetensors(kTwoTensors, 13056))));
    QVERIFY2(said.contains("config.json"), qPrintable(said));
}

static void writeParts(Files& files, bool second) {
    files.write("config.json", kConfig);
    files.write("model.safetensors.index.json",
                R"({"metadata":{"total_size":400},"weight_map":{
                    "a":"model-00001-of-00002.safetensors",
                    "b":"model-00002-of-00002.safetensors"}})");
    files.write("model-00001-of-00002.safetensors",
                safetensors(one("F16", "[100]", "[0,200]"), 200));
    if (second)
        files.write("model-00002-of-00002.safetensors",
                    safetensors(one("F16", "[100]", "[0,200]"), 200));
}

void TestSafetensors::anIndexStandsForAllItsParts() {
    Files files;
    writeParts(files, true);
    for (const char* name : {"model.safetensors.index.json", "model-00002-of-00002.safetensors"}) {
        const auto result = readModelFile(files.folder() / name);
        QCOMPARE(saidOf(result), QString("ok"));
        QCOMPARE(result->weights.exactBytes.value(), std::uint64_t{400});
    }
}

void TestSafetensors::aMissingPartIsNamed() {
    Files files;
    writeParts(files, false);
    const QString said = saidOf(readModelFile(files.folder() / "model.safetensors.index.json"));
    QVERIFY2(said.contains("model-00002-of-00002.safetensors"), qPrintable(said));
}

void TestSafetensors::aFolderReadsItsWeightsToo() {
    Files files;
    writeParts(files, true);
    const auto result = readModelFile(files.folder());
    QCOMPARE(saidOf(result), QString("ok"));
    QCOMPARE(result->weights.exactBytes.value(), std::uint64_t{400});
}

void TestSafetensors::aFolderWithoutAllWeightsStillHasAShape() {
    Files files;
    writeParts(files, false);
    const auto result = readModelFile(files.folder());
    QCOMPARE(saidOf(result), QString("ok"));
    QVERIFY(!result->weights.exactBytes);
    QVERIFY(result->notes.find("model-00002-of-00002.safetensors") != std::string::npos);
}

void TestSafetensors::packedTensorsDoNotCountAsParameters() {
    Files files;
    files.write("config.json", kConfig);
    const auto result = readModelFile(
        files.write("m.safetensors", safetensors(one("I32", "[8,100]", "[0,3200]"), 3200)));
    QCOMPARE(saidOf(result), QString("ok"));
    QCOMPARE(result->weights.exactBytes.value(), std::uint64_t{3200});
    QVERIFY(result->weights.parameters.value() > 100'000); // of the shape
}

void TestSafetensors::aLengthThatLooksLikeABraceIsNoJson() {
    Files files;
    files.write("config.json", kConfig);
    QByteArray header = one("F16", "[100]", "[0,200]");
    header += QByteArray(123 + 256 - header.size(), ' '); // low byte of the length: '{'
    const auto result = readModelFile(files.write("m.safetensors", safetensors(header, 200)));
    QCOMPARE(saidOf(result), QString("ok"));
}

void TestSafetensors::brokenHeadersAreRefused_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, const QByteArray& bytes, const char* says) {
        QTest::newRow(name) << bytes << QString(says);
    };
    row("truncated data", safetensors(kTwoTensors, 13000), "56 bytes before");
    row("data too long", safetensors(kTwoTensors, 13060), "4 bytes follow");
    row("truncated header", withLength(kTwoTensors).left(40), "more than the file holds");
    row("length of 2^63", QByteArray(7, '\0') + "\x80{}", "neither");
    row("length beyond any model", QByteArray("\xff\xff\xff\x7f\0\0\0\0{}", 10), "at most");
    row("span of the wrong size", safetensors(one("F16", "[100]", "[0,100]"), 100), "span 100");
    row("offsets turned round", safetensors(one("F16", "[100]", "[200,0]"), 200), "\"a\"");
    row("unknown dtype", safetensors(one("Q7", "[100]", "[0,200]"), 200), "Q7");
    row("product beyond 64 bits", safetensors(one("F16", "[4294967296,4294967296,4]", "[0,8]"), 8),
        "\"a\"");
    row("negative extent", safetensors(one("F16", "[-1]", "[0,8]"), 8), "\"a\"");
    row("fraction", safetensors(one("F16", "[1.5]", "[0,3]"), 3), "\"a\"");
    row("no offsets", safetensors(R"({"a":{"dtype":"F16","shape":[1]}})", 2), "\"a\"");
    row("three offsets", safetensors(one("F16", "[1]", "[0,2,4]"), 2), "\"a\"");
    row("gap", safetensors(one("F16", "[1]", "[2,4]"), 4), "gap");
    row("overlap",
        safetensors(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},
                        "b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
                    6),
        "overlap");
    row("name twice",
        safetensors(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},
                        "a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
                    8),
        "twice");
    row("not UTF-8", safetensors("{\"\xff\":{}}", 0), "UTF-8");
    row("not JSON", safetensors("{\"a\":", 0), "not JSON");
    row("a number for a tensor", safetensors(R"({"a":1})", 0), "\"a\"");
}

void TestSafetensors::brokenHeadersAreRefused() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, says);
    Files files;
    files.write("config.json", kConfig);
    const auto path = files.write("m.safetensors", bytes);
    const auto result = readModelFile(path);
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::FileUnreadable);
    QVERIFY2(saidOf(result).contains(says), qPrintable(saidOf(result)));
    QVERIFY2(saidOf(result).contains("m.safetensors"), qPrintable(saidOf(result)));
}

void TestSafetensors::anIndexMayNotLeaveItsFolder() {
    Files files;
    const auto result = readModelFile(
        files.write("model.safetensors.index.json", R"({"weight_map":{"a":"../../etc/passwd"}})"));
    QVERIFY(!result);
    QVERIFY2(saidOf(result).contains("weight_map"), qPrintable(saidOf(result)));
}

QTEST_GUILESS_MAIN(TestSafetensors)
#include "test_safetensors.moc"
