// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QJsonArray>
#include <QSet>
#include <QTest>

#include "core/profile/recording.h"
#include "program.h"

using namespace decodescope;

namespace {

/// The program started by a shell, with redirections of its standard streams.
Ended shell(const QString& arguments) {
    Program program;
    program.process.setProgram("/bin/sh");
    return program.run({"-c", QStringLiteral("'" PROGRAMS_DIR "/decodescope-cli' ") + arguments});
}

const QString kShortRun = "run --layers 2 --heads 2 --head-dim 64 -c 64 --max-time 0.5 ";

} // namespace

/// Standard streams that are full, closed or left by their reader.
class TestStreams : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        if (!QFile::exists("/dev/full"))
            QSKIP("this system has no /dev/full");
    }

    void aFullOutputIsSaid_data() {
        QTest::addColumn<QString>("arguments");
        for (const char* arguments :
             {"--version", "--help", "plan --help", "devices", "models", "plan -o csv"})
            QTest::newRow(arguments) << QString(arguments);
        QTest::newRow("run") << kShortRun;
        QTest::newRow("stream") << kShortRun + "--stream";
    }
    void aFullOutputIsSaid() {
        QFETCH(QString, arguments);
        const Ended ended = shell(arguments + " >/dev/full");
        QCOMPARE(ended.exitCode, 4);
        QVERIFY2(ended.err.contains("standard output"), ended.err);
    }

    void messagesThatNobodyReadsChangeNothing_data() {
        QTest::addColumn<QString>("redirection");
        QTest::newRow("full") << " 2>/dev/full";
        QTest::newRow("closed") << " 2>&-";
    }
    void messagesThatNobodyReadsChangeNothing() {
        QFETCH(QString, redirection);
        QCOMPARE(shell("plan" + redirection).exitCode, 0);
        QCOMPARE(shell("plan --context 0" + redirection).exitCode, 2);
        QCOMPARE(shell("inspect /no/such/file" + redirection).exitCode, 3);
        const Ended run = shell(kShortRun + "-o json" + redirection);
        QCOMPARE(run.exitCode, 0);
        QCOMPARE(run.json().array().size(), 2);
    }

    void aClosedOutputDoesNotRunIntoTheRecord() {
        const QTemporaryDir folder;
        const QString record = folder.filePath("run.jsonl");
        const Ended ended = shell(kShortRun + "--stream --record '" + record + "' >&-");
        QCOMPARE(ended.exitCode, 4);
        QFile file(record);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QList<QByteArray> lines = file.readAll().split('\n');
        lines.removeAll(QByteArray());
        QVERIFY(!lines.isEmpty());
        QCOMPARE(QSet<QByteArray>(lines.begin(), lines.end()).size(), lines.size());
    }

    void aReaderThatLeavesEndsTheRun() {
        const QTemporaryDir folder;
        const QString record = folder.filePath("run.jsonl");
        const Ended ended =
            shell("run -c 1K-64K*2 --max-time 600 --stream --record '" + record + "' | head -n 1");
        QCOMPARE(ended.lines().size(), 1);
        QVERIFY(readRecording(record.toStdString()).ok());
    }
};

QTEST_GUILESS_MAIN(TestStreams)
#include "test_streams.moc"
