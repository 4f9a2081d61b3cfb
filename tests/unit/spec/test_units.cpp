// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <limits>

#include "core/spec/units.h"

using namespace decodescope;

/// Sizes and counts as people write and read them.
class TestUnits : public QObject {
    Q_OBJECT

private slots:
    void bytesAreUnderstood_data();
    void bytesAreUnderstood();
    void badBytesAreRefused_data();
    void badBytesAreRefused();
    void bytesAreWrittenInUnitsOf1024_data();
    void bytesAreWrittenInUnitsOf1024();
    void writtenBytesReadBackWithinTheirPrecision();
    void sharesLieBetweenNothingAndAll();
    void tokenCountsAreUnderstood();
    void listsAndRangesOfTokens_data();
    void listsAndRangesOfTokens();
    void badListsAreRefused_data();
    void badListsAreRefused();
    void countsForPeople();
    void arithmeticSaturates();
};

void TestUnits::bytesAreUnderstood_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<quint64>("bytes");
    QTest::newRow("plain") << "4096" << quint64{4096};
    QTest::newRow("GiB") << "24GiB" << quint64{24 * kGiB};
    QTest::newRow("space and case") << " 24 gib " << quint64{24 * kGiB};
    QTest::newRow("GB is decimal") << "24GB" << quint64{24'000'000'000};
    QTest::newRow("a letter is 1024") << "512M" << quint64{512 * kMiB};
    QTest::newRow("fraction") << "1.5KiB" << quint64{1536};
    QTest::newRow("exponent") << "1.5e9" << quint64{1'500'000'000};
    QTest::newRow("bytes") << "17B" << quint64{17};
    QTest::newRow("TiB") << "2TiB" << quint64{2 * kTiB};
    QTest::newRow("zero") << "0" << quint64{0};
}

void TestUnits::bytesAreUnderstood() {
    QFETCH(QString, text);
    QFETCH(quint64, bytes);
    const Result<std::uint64_t> parsed = parseBytes(text.toStdString());
    QVERIFY(parsed.ok());
    QCOMPARE(quint64{*parsed}, bytes);
}

void TestUnits::badBytesAreRefused_data() {
    QTest::addColumn<QString>("text");
    for (const char* text : {"", " ", "GiB", "-1", "-0", "24XiB", "24 Gibi", "1,5GiB", "nan", "inf",
                             "1e400", "9 EiB", "99999999TiB", "12 34", "0x10"})
        QTest::newRow(text) << QString::fromLatin1(text);
}

void TestUnits::badBytesAreRefused() {
    QFETCH(QString, text);
    const Result<std::uint64_t> parsed = parseBytes(text.toStdString());
    QVERIFY(!parsed.ok());
    QCOMPARE(parsed.error().code, ErrorCode::BadUsage);
    QVERIFY(!parsed.error().hint.empty());
}

void TestUnits::bytesAreWrittenInUnitsOf1024_data() {
    QTest::addColumn<quint64>("bytes");
    QTest::addColumn<QString>("text");
    QTest::newRow("zero") << quint64{0} << "0 B";
    QTest::newRow("below") << quint64{1023} << "1023 B";
    QTest::newRow("KiB") << quint64{1024} << "1.0 KiB";
    QTest::newRow("GiB") << quint64{8'482'560'410} << "7.9 GiB";
    QTest::newRow("three digits") << quint64{512 * kMiB} << "512 MiB";
    QTest::newRow("never 1024 of a unit") << quint64{kMiB - 100} << "1.0 MiB";
    QTest::newRow("most") << quint64{std::numeric_limits<quint64>::max()} << "16.0 EiB";
}

void TestUnits::bytesAreWrittenInUnitsOf1024() {
    QFETCH(quint64, bytes);
    QFETCH(QString, text);
    QCOMPARE(QString::fromStdString(formatBytes(bytes)), text);
}

void TestUnits::writtenBytesReadBackWithinTheirPrecision() {
    for (std::uint64_t bytes = 1; bytes < 100 * kTiB; bytes = bytes * 3 + 7) {
        const Result<std::uint64_t> back = parseBytes(formatBytes(bytes));
        QVERIFY(back.ok());
        const double ratio = static_cast<double>(*back) / static_cast<double>(bytes);
        QVERIFY2(std::abs(ratio - 1) < 0.05, formatBytes(bytes).c_str());
    }
}

void TestUnits::sharesLieBetweenNothingAndAll() {
    QCOMPARE(*parseFraction("10%"), 0.1);
    QCOMPARE(*parseFraction(" 0.25 "), 0.25);
    QCOMPARE(*parseFraction("0"), 0.0);
    for (const char* text : {"", "%", "100%", "1", "-1%", "-0%", "ten", "10%%", "nan"})
        QVERIFY2(!parseFraction(text).ok(), text);
}

void TestUnits::tokenCountsAreUnderstood() {
    QCOMPARE(*parseTokens("4096"), std::int64_t{4096});
    QCOMPARE(*parseTokens("64K"), std::int64_t{65536});
    QCOMPARE(*parseTokens("1.5k"), std::int64_t{1536});
    QCOMPARE(*parseTokens("1M"), std::int64_t{1048576});
    for (const char* text : {"", "-1", "-0", "1.5", "64G", "1e30", "K"})
        QVERIFY2(!parseTokens(text).ok(), text);
}

void TestUnits::listsAndRangesOfTokens_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QList<qint64>>("values");
    QTest::newRow("one") << "1024" << QList<qint64>{1024};
    QTest::newRow("as written") << "4K, 1K" << QList<qint64>{4096, 1024};
    QTest::newRow("doubling") << "1K-8K" << QList<qint64>{1024, 2048, 4096, 8192};
    QTest::newRow("factor") << "1-100*10" << QList<qint64>{1, 10, 100};
    QTest::newRow("step") << "1K-3K+1K" << QList<qint64>{1024, 2048, 3072};
    QTest::newRow("end between steps") << "1-6+2" << QList<qint64>{1, 3, 5};
    QTest::newRow("mixed") << "7,1-4" << QList<qint64>{7, 1, 2, 4};
    QTest::newRow("a factor beyond 64 bits")
        << "900000000000000-1000000000000000*1000000000000000" << QList<qint64>{900000000000000};
}

void TestUnits::listsAndRangesOfTokens() {
    QFETCH(QString, text);
    QFETCH(QList<qint64>, values);
    const Result<std::vector<std::int64_t>> parsed = parseTokenList(text.toStdString());
    QVERIFY(parsed.ok());
    QCOMPARE(QList<qint64>(parsed->begin(), parsed->end()), values);
}

void TestUnits::badListsAreRefused_data() {
    QTest::addColumn<QString>("text");
    for (const char* text :
         {"", ",", "1,,2", "1K,", "8-1", "0-8", "1-8*1", "1-8+0", "1-1000000+1", "-5", "a-b"})
        QTest::newRow(text) << QString::fromLatin1(text);
}

void TestUnits::badListsAreRefused() {
    QFETCH(QString, text);
    const Result<std::vector<std::int64_t>> parsed = parseTokenList(text.toStdString());
    QVERIFY(!parsed.ok());
    QCOMPARE(parsed.error().code, ErrorCode::BadUsage);
}

void TestUnits::countsForPeople() {
    QCOMPARE(formatCount(517734), std::string("517,734"));
    QCOMPARE(formatCount(999), std::string("999"));
    QCOMPARE(formatCount(-1234567), std::string("-1,234,567"));
    QCOMPARE(formatTokensShort(65536), std::string("64K"));
    QCOMPARE(formatTokensShort(1048576), std::string("1M"));
    QCOMPARE(formatTokensShort(1000), std::string("1,000"));
    QCOMPARE(formatTokensShort(0), std::string("0"));
}

void TestUnits::arithmeticSaturates() {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    QCOMPARE(saturatingMultiply(most, 2), most);
    QCOMPARE(saturatingMultiply(1ULL << 32, 1ULL << 31), 1ULL << 63);
    QCOMPARE(saturatingAdd(most, 1), most);
    QCOMPARE(saturatingAdd(1, 2), std::uint64_t{3});
}

QTEST_APPLESS_MAIN(TestUnits)
#include "test_units.moc"
