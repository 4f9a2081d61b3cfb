// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include "app/gui/startup/start_options.h"

using namespace decodescope;

class TestStartOptions : public QObject {
    Q_OBJECT
private slots:
    void nothingOpensTheDefault() {
        const auto options = parseStartOptions({});
        QVERIFY(options.ok());
        QVERIFY(options->quickLook && !options->exported && options->files.isEmpty());
    }

    void filesAndExportsAreTakenInAnyOrder() {
        const auto options = parseStartOptions({"run.jsonl", "--dpi", "300", "--export", "a.png",
                                                "--chart", "memory", "--size", "640x400", "--theme",
                                                "dark", "--no-quick-look"});
        QVERIFY(options.ok());
        QCOMPARE(options->files, QStringList{"run.jsonl"});
        QVERIFY(!options->quickLook);
        QCOMPARE(options->exported->file, QStringLiteral("a.png"));
        QCOMPARE(options->exported->chart, QStringLiteral("memory"));
        QCOMPARE(options->exported->size, QSize(640, 400));
        QCOMPARE(options->exported->dotsPerInch, 300.0);
        QVERIFY(options->exported->dark);
    }

    void aComparisonTakesTwoFiles() {
        const auto options =
            parseStartOptions({"--compare", "a.jsonl", "b.jsonl", "--no-quick-look"});
        QVERIFY(options.ok());
        QCOMPARE(options->compared, (QStringList{"a.jsonl", "b.jsonl"}));
        QVERIFY(options->files.isEmpty() && !options->quickLook);
    }

    void mistakesNameTheOption_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("named");
        QTest::newRow("unknown") << QStringList{"--colour"} << "--colour";
        QTest::newRow("no file") << QStringList{"--export"} << "--export";
        QTest::newRow("size") << QStringList{"--export", "a.png", "--size", "wide"} << "--size";
        QTest::newRow("negative size")
            << QStringList{"--export", "a.png", "--size", "-4x5"} << "--size";
        QTest::newRow("dpi") << QStringList{"--export", "a.png", "--dpi", "nan"} << "--dpi";
        QTest::newRow("theme") << QStringList{"--export", "a.png", "--theme", "pink"} << "--theme";
        QTest::newRow("style without a file") << QStringList{"--chart", "memory"} << "--export";
        QTest::newRow("one of two") << QStringList{"--compare", "a.jsonl"} << "--compare";
        QTest::newRow("time") << QStringList{"--after", "-1"} << "--after";
    }

    void mistakesNameTheOption() {
        QFETCH(QStringList, arguments);
        QFETCH(QString, named);
        const auto options = parseStartOptions(arguments);
        QVERIFY(!options.ok());
        QCOMPARE(exitCode(options.error().code), 2);
        QVERIFY(options.error().sentence().find(named.toStdString()) != std::string::npos);
    }

    void helpNamesEveryOption() {
        for (const char* option :
             {"--export", "--chart", "--size", "--dpi", "--theme", "--no-quick-look", "--compare",
              "--screenshot", "--after", "--version"})
            QVERIFY2(helpText().contains(QLatin1String(option)), option);
    }
};

QTEST_APPLESS_MAIN(TestStartOptions)
#include "test_start_options.moc"
