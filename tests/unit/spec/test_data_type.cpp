// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <limits>

#include "core/spec/data_type.h"

using namespace decodescope;

/// Sizes of stored elements, block by block.
class TestDataType : public QObject {
    Q_OBJECT

private slots:
    void blocksHaveThePublishedSizes_data();
    void blocksHaveThePublishedSizes();
    void everyNameReadsBack();
    void otherNamesOfTheFieldAreUnderstood();
    void theTypesOfACacheAreThePromisedOnes();
    void partOfABlockIsStoredWhole();
};

void TestDataType::blocksHaveThePublishedSizes_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("elements");
    QTest::addColumn<int>("bytes");
    struct Row {
        const char* name;
        int elements;
        int bytes;
    };
    // Block-quantised sizes: ggml-common.h.
    for (const Row& row : std::initializer_list<Row>{
             {"f32", 1, 4},        {"f16", 1, 2},      {"bf16", 1, 2},       {"fp8_e4m3", 1, 1},
             {"int8", 1, 1},       {"q8_0", 32, 34},   {"q5_1", 32, 24},     {"q5_0", 32, 22},
             {"q4_1", 32, 20},     {"q4_0", 32, 18},   {"iq4_nl", 32, 18},   {"mxfp4", 32, 17},
             {"nvfp4", 64, 36},    {"q2_k", 256, 84},  {"q3_k", 256, 110},   {"q4_k", 256, 144},
             {"q5_k", 256, 176},   {"q6_k", 256, 210}, {"iq4_xs", 256, 136}, {"iq3_s", 256, 110},
             {"iq3_xxs", 256, 98}, {"iq2_s", 256, 82}, {"iq2_xs", 256, 74},  {"iq2_xxs", 256, 66},
             {"iq1_m", 256, 56},   {"iq1_s", 256, 50}, {"tq2_0", 256, 66},   {"tq1_0", 256, 54}})
        QTest::newRow(row.name) << QString::fromLatin1(row.name) << row.elements << row.bytes;
}

void TestDataType::blocksHaveThePublishedSizes() {
    QFETCH(QString, name);
    QFETCH(int, elements);
    QFETCH(int, bytes);
    const std::optional<DataType> type = parseDataType(name.toStdString());
    QVERIFY(type.has_value());
    QCOMPARE(static_cast<int>(info(*type).blockElements), elements);
    QCOMPARE(static_cast<int>(info(*type).blockBytes), bytes);
}

void TestDataType::everyNameReadsBack() {
    for (const DataTypeInfo& entry : dataTypes()) {
        QVERIFY(parseDataType(entry.name) == entry.type);
        QVERIFY(parseDataType(
                    QString::fromStdString(std::string(entry.name)).toUpper().toStdString()) ==
                entry.type);
        QCOMPARE(name(entry.type), entry.name);
    }
}

void TestDataType::otherNamesOfTheFieldAreUnderstood() {
    QVERIFY(parseDataType("float16") == DataType::F16);
    QVERIFY(parseDataType("bfloat16") == DataType::BF16);
    QVERIFY(parseDataType("float32") == DataType::F32);
    QVERIFY(parseDataType("fp8") == DataType::FP8_E4M3);
    QVERIFY(parseDataType("Q4_K_M") == DataType::Q4_K);
    QVERIFY(!parseDataType(""));
    QVERIFY(!parseDataType("f17"));
    QVERIFY(!parseDataType("f16 "));
}

void TestDataType::theTypesOfACacheAreThePromisedOnes() {
    QStringList names;
    for (const DataTypeInfo& entry : dataTypes())
        if (entry.kvCache)
            names += QString::fromStdString(std::string(entry.name));
    names.sort();
    QCOMPARE(names, QStringList({"bf16", "f16", "f32", "fp8_e4m3", "int8", "q4_0", "q8_0"}));
}

void TestDataType::partOfABlockIsStoredWhole() {
    QCOMPARE(storedBytes(DataType::Q8_0, 0), std::uint64_t{0});
    QCOMPARE(storedBytes(DataType::Q8_0, 1), std::uint64_t{34});
    QCOMPARE(storedBytes(DataType::Q8_0, 32), std::uint64_t{34});
    QCOMPARE(storedBytes(DataType::Q8_0, 33), std::uint64_t{68});
    QCOMPARE(storedBytes(DataType::Int4, 3), std::uint64_t{2});
    QCOMPARE(storedBytes(DataType::F64, std::numeric_limits<std::uint64_t>::max()),
             std::numeric_limits<std::uint64_t>::max());
}

QTEST_APPLESS_MAIN(TestDataType)
#include "test_data_type.moc"
