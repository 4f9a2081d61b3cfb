// SPDX-License-Identifier: GPL-3.0-or-later
#include <clocale>
#include <locale>

#include <QClipboard>
#include <QFile>
#include <QLineEdit>
#include <QLocale>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QTabWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>

#include <nlohmann/json.hpp>
#include <qcustomplot.h>

#include "app/gui/panels/tab_page.h"
#include "app/gui/plots/plot_widget.h"
#include "core/report/csv.h"
#include "core/spec/units.h"
#include "example_window.h"

using namespace decodescope;

namespace {

/// A comma before the fraction and points between thousands, in C++'s own streams.
class CommaDecimals : public std::numpunct<char> {
protected:
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
};

/// What people read of an XML document.
QString wordsOf(const QString& xml) {
    QXmlStreamReader reader(xml);
    QString words;
    while (!reader.atEnd())
        if (reader.readNext() == QXmlStreamReader::Characters)
            words += reader.text().toString() + QLatin1Char('\n');
    return reader.hasError() ? QString() : words;
}

const QRegularExpression kCommaDecimal(QStringLiteral("\\d,\\d{1,2}(\\D|$)"));

} // namespace

/// The window where a decimal is written with a comma: Qt's, C's and C++'s locales are such ones
/// (C's where the system has one). What is typed is never misread, and what is written is for all.
class TestLocale : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void init();
    void fractionsAreTypedEitherWay_data();
    void fractionsAreTypedEitherWay();
    void aCommaIsNeverMisread_data();
    void aCommaIsNeverMisread();
    void ticksAreThoseOfEveryLocale();
    void dataAreWrittenWithPoints();
    void tablesAreCopiedWithPoints();

private:
    Session& session() { return m_window->session(); }
    QString written(const char* name);

    std::unique_ptr<MainWindow> m_window;
    QTemporaryDir m_folder;
};

void TestLocale::initTestCase() {
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("decodescope-test"));
    QCoreApplication::setApplicationName(QStringLiteral("locale"));
    QVERIFY(m_folder.isValid());
    QLocale::setDefault(QLocale(QLocale::German, QLocale::Germany));
    QCOMPARE(QLocale().toString(1.5), QStringLiteral("1,5"));
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"})
        if (std::setlocale(LC_ALL, name))
            break;
    std::locale::global(std::locale(std::locale(), new CommaDecimals));
}

void TestLocale::init() {
    m_window = activeWindow();
    QVERIFY(m_window);
    fillWindow(*m_window);
}

void TestLocale::fractionsAreTypedEitherWay_data() {
    QTest::addColumn<QString>("field");
    QTest::addColumn<QString>("text");
    for (const char* text : {"1,5 GiB", "1.5 GiB", "1,5GiB"})
        QTest::addRow("memory %s", text) << "memory" << QString::fromLatin1(text);
    for (const char* text : {"7,5%", "7.5 %", "0,075"})
        QTest::addRow("reserve %s", text) << "reserve" << QString::fromLatin1(text);
    for (const char* text : {"2,5 s", "2.5", "2,5"})
        QTest::addRow("seconds %s", text) << "timeBudget" << QString::fromLatin1(text);
    for (const char* text : {"12,5 GB/s", "12.5 GB/s"})
        QTest::addRow("PCIe %s", text) << "pcieRate" << QString::fromLatin1(text);
}

void TestLocale::fractionsAreTypedEitherWay() {
    QFETCH(QString, field);
    QFETCH(QString, text);
    auto* tabs = m_window->findChild<QTabWidget*>(QStringLiteral("tabs"));
    tabs->setCurrentIndex(1); // the Plan, which has the PCIe field
    auto* edit = m_window->findChild<QLineEdit*>(field);
    QVERIFY(edit);
    edit->setFocus();
    edit->selectAll();
    QTest::keyClicks(edit, text);
    const Configuration& now = session().configuration();
    if (field == QLatin1String("memory")) {
        QVERIFY(now.memoryBytes);
        QCOMPARE(*now.memoryBytes, kGiB * 3 / 2);
    } else if (field == QLatin1String("reserve")) {
        QVERIFY(std::abs(now.workload.reserveFraction - 0.075) < 1e-12);
    } else if (field == QLatin1String("timeBudget")) {
        QCOMPARE(now.workload.maxSeconds, 2.5);
    } else {
        QCOMPARE(now.assumptions.pcieBytesPerSecond, 12.5e9);
    }
}

void TestLocale::aCommaIsNeverMisread_data() {
    QTest::addColumn<QString>("field");
    QTest::addColumn<QString>("text");
    QTest::newRow("layers") << "layers"
                            << "1,5";
    QTest::newRow("query heads") << "heads"
                                 << "3,2";
    QTest::newRow("points between thousands") << "window"
                                              << "4.096";
    QTest::newRow("a thousand, or one and a fraction") << "memory"
                                                       << "1,024 MiB";
    QTest::newRow("two commas") << "memory"
                                << "1,0,5 GiB";
}

void TestLocale::aCommaIsNeverMisread() {
    QFETCH(QString, field);
    QFETCH(QString, text);
    const Configuration before = session().configuration();
    auto* edit = m_window->findChild<QLineEdit*>(field);
    edit->clear();
    edit->setFocus();
    emit edit->textEdited(text);
    const auto* message = m_window->findChild<QLabel*>(field + QStringLiteral("Message"));
    QVERIFY2(!message->text().isEmpty(), qPrintable(field));
    QCOMPARE(session().configuration().shape, before.shape);
    QCOMPARE(session().configuration().memoryBytes, before.memoryBytes);
}

void TestLocale::ticksAreThoseOfEveryLocale() {
    auto* tabs = m_window->findChild<QTabWidget*>(QStringLiteral("tabs"));
    int labels = 0;
    for (int i = 0; i < tabs->count(); ++i) {
        tabs->setCurrentIndex(i);
        QApplication::processEvents();
        for (PlotWidget* chart : qobject_cast<TabPage*>(tabs->widget(i))->charts())
            for (QCPAxis* axis : {chart->plot().xAxis, chart->plot().yAxis}) {
                const auto ticks = [&](const QLocale& locale) {
                    QVector<double> places;
                    QVector<QString> texts;
                    axis->ticker()->generate(axis->range(), locale, QLatin1Char('g'), 6, places,
                                             nullptr, &texts);
                    return texts;
                };
                const QVector<QString> here = ticks(chart->plot().locale());
                labels += static_cast<int>(here.size());
                QCOMPARE(here, ticks(QLocale::c()));
                for (const QString& text : here)
                    QVERIFY2(!kCommaDecimal.match(text).hasMatch(), qPrintable(text));
            }
    }
    QVERIFY(labels > 40);
}

QString TestLocale::written(const char* name) {
    const QString path = m_folder.filePath(QString::fromLatin1(name));
    QFile file(path);
    if (!m_window->exportTo(path) || !file.open(QIODevice::ReadOnly))
        return {};
    return QString::fromUtf8(file.readAll());
}

void TestLocale::dataAreWrittenWithPoints() {
    const auto rows = parseCsv(written("data.csv").toStdString());
    QVERIFY(rows.ok());
    const std::vector<Sample> samples = exampleSamples();
    QCOMPARE(rows->size(), samples.size() + 1);
    const auto& header = rows->front();
    const auto column = std::find(header.begin(), header.end(), "tpot_p99_ms") - header.begin();
    const auto records = nlohmann::json::parse(written("data.json").toStdString());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const auto& row = (*rows)[i + 1];
        QCOMPARE(row.size(), header.size());
        bool ok = false;
        const QString text = QString::fromStdString(row[static_cast<std::size_t>(column)]);
        QCOMPARE(QLocale::c().toDouble(text, &ok), samples[i].tpotP99Ms);
        QVERIFY(ok && text.contains(QLatin1Char('.')));
        QCOMPARE(records.at(i).at("tpot_p99_ms").get<double>(), samples[i].tpotP99Ms);
    }
    const QString saved = m_folder.filePath(QStringLiteral("saved.jsonl"));
    QVERIFY(m_window->saveTo(saved));
    const Result<Recording> read = readRecording(saved.toStdString());
    QVERIFY(read.ok());
    QCOMPARE(read->samples.front().repetitionsMs, samples.front().repetitionsMs);
    for (const char* name : {"charts.svg", "report.html"}) {
        const QString text = wordsOf(written(name));
        QVERIFY2(text.size() > 100, name);
        QVERIFY2(!kCommaDecimal.match(text).hasMatch(),
                 qPrintable(kCommaDecimal.match(text).captured()));
    }
}

void TestLocale::tablesAreCopiedWithPoints() {
    m_window->findChild<QAction*>(QStringLiteral("actionShowAsTable"))->setChecked(true);
    auto* tabs = m_window->findChild<QTabWidget*>(QStringLiteral("tabs"));
    for (int i = 0; i < tabs->count(); ++i) {
        tabs->setCurrentIndex(i);
        QApplication::clipboard()->clear();
        m_window->findChild<QAction*>(QStringLiteral("actionCopyTable"))->trigger();
        const QString text = QApplication::clipboard()->text();
        QVERIFY2(text.contains(QLatin1Char('\t')), qPrintable(tabs->tabText(i)));
        QVERIFY2(!kCommaDecimal.match(text).hasMatch(),
                 qPrintable(tabs->tabText(i) + kCommaDecimal.match(text).captured()));
    }
}

QTEST_MAIN(TestLocale)
#include "test_locale.moc"
