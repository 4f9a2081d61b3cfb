// SPDX-License-Identifier: Apache-2.0
#include <QDirIterator>
#include <QFile>
#include <QTest>

#include <string_view>

#include "tests/fuzz/targets.h"

using namespace decodescope;

/// Everything a fuzzer starts from or has ever found, tried again in every build. A broken promise
/// ends the program, as it ends a fuzzer.
class TestFuzzSeeds : public QObject {
    Q_OBJECT

private slots:
    void everySeedIsSurvived_data();
    void everySeedIsSurvived();
    void everyCutSeedIsSurvived_data() { everySeedIsSurvived_data(); }
    void everyCutSeedIsSurvived();
    void theSeedsAreSmall();
};

static QString seedsOf(std::string_view target) {
    return QStringLiteral(FUZZ_DIR "/corpus/") +
           QString::fromUtf8(target.data(), static_cast<qsizetype>(target.size()));
}

static QByteArray contentOf(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        qFatal("%s cannot be read", qPrintable(path));
    return file.readAll();
}

static void run(int target, const QByteArray& bytes) {
    fuzz::kTargets[static_cast<std::size_t>(target)].run(
        {bytes.constData(), static_cast<std::size_t>(bytes.size())});
}

void TestFuzzSeeds::everySeedIsSurvived_data() {
    QTest::addColumn<int>("target");
    QTest::addColumn<QString>("path");
    for (std::size_t i = 0; i < fuzz::kTargets.size(); ++i) {
        int seeds = 0;
        QStringList folders = {seedsOf(fuzz::kTargets[i].name)};
        if (fuzz::kTargets[i].name == "hf_config")
            folders << QStringLiteral(TEST_DATA_DIR "/hf_configs");
        for (const QString& folder : folders)
            for (QDirIterator it(folder, QDir::Files); it.hasNext(); ++seeds) {
                const QString path = it.next();
                QTest::newRow(qPrintable(path.section('/', -2))) << static_cast<int>(i) << path;
            }
        QVERIFY2(seeds > 0, fuzz::kTargets[i].name.data());
    }
}

void TestFuzzSeeds::everySeedIsSurvived() {
    QFETCH(int, target);
    QFETCH(QString, path);
    run(target, contentOf(path));
}

/// All over a seed, and at each of its first bytes.
void TestFuzzSeeds::everyCutSeedIsSurvived() {
    QFETCH(int, target);
    QFETCH(QString, path);
    const QByteArray whole = contentOf(path);
    for (qsizetype length = whole.size() - 1; length > 0; length -= length > 64 ? 61 : 1)
        run(target, whole.left(length));
}

void TestFuzzSeeds::theSeedsAreSmall() {
    qint64 bytes = 0;
    for (QDirIterator it(QStringLiteral(FUZZ_DIR "/corpus"), QDir::Files,
                         QDirIterator::Subdirectories);
         it.hasNext();) {
        it.next();
        bytes += it.fileInfo().size();
    }
    QVERIFY2(bytes < 300 * 1024, qPrintable(QString::number(bytes)));
}

QTEST_GUILESS_MAIN(TestFuzzSeeds)
#include "test_fuzz_seeds.moc"
