// SPDX-License-Identifier: Apache-2.0
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>

#include <fstream>

#include <nlohmann/json.hpp>

#include "core/profile/recording.h"
#include "core/profile/whole_file.h"
#include "example_events.h"

using namespace decodescope;
namespace fs = std::filesystem;

namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kManySamples = 5'000; // a sanitizer takes twenty times as long
#else
constexpr int kManySamples = 100'000;
#endif

std::string linesOf(int samples) {
    std::string text = toLine(test::exampleRun()) + "\n";
    for (int i = 0; i < samples; ++i) {
        Sample sample = test::exampleSample();
        sample.context = i;
        text += toLine(sample) + "\n";
    }
    return text;
}

} // namespace

class TestRecording : public QObject {
    Q_OBJECT

private:
    QTemporaryDir m_dir;

    fs::path file(const std::string& content, const char* name = "recording.jsonl") {
        fs::path path = fs::path(m_dir.path().toStdString()) / name;
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }

private slots:
    void aCutLineIsTakenOffBeforeMoreIsAdded() {
        const std::string whole = linesOf(2);
        const fs::path path = file(whole + toLine(test::exampleSample()).substr(0, 100));
        QVERIFY(endLastLine(path).ok());
        QCOMPARE(fs::file_size(path), whole.size());
        std::ofstream(path, std::ios::app) << linesOf(1);
        const Result<Recording> recording = readRecording(path);
        QVERIFY2(recording.ok(), recording ? "" : recording.error().sentence().c_str());
        QCOMPARE(recording->samples.size(), std::size_t{3});
    }

    void aWholeLineWithoutItsEndGetsIt() {
        const std::string whole = linesOf(2);
        const fs::path path = file(whole.substr(0, whole.size() - 1));
        QVERIFY(endLastLine(path).ok());
        QCOMPARE(fs::file_size(path), whole.size());
    }

    void whatIsNoRecordingIsLeftAlone() {
        for (const char* text : {"", "dear diary", "one\ntwo", "{\"a\": 1}\n"}) {
            const fs::path path = file(text);
            QVERIFY(endLastLine(path).ok());
            QCOMPARE(fs::file_size(path), std::string_view(text).size());
        }
        QVERIFY(endLastLine("/no/such/file").ok());
        QVERIFY(endLastLine("/dev/null").ok());
    }

    void whatIsWrittenIsReadBack() {
        Recording recording;
        recording.add(test::exampleRun());
        recording.add(CalibrationEvent{1, "Some CPU", {1e10, 1e11, 2, true}});
        recording.add(Skipped{2, "MHA", 65536, 1, test::exampleError(), 100});
        recording.add(test::exampleMemory());
        recording.add(test::exampleProgress());
        recording.add(test::exampleSample());
        recording.add(RunFailed{9, test::exampleError()});
        const fs::path path = fs::path(m_dir.path().toStdString()) / "written.jsonl";
        QVERIFY(writeRecording(recording, path).ok());
        const Result<Recording> read = readRecording(path);
        QVERIFY(read.ok());
        QCOMPARE(read->runs.size(), 1u);
        QVERIFY(read->runs[0].workload == test::exampleRun().workload);
        QCOMPARE(read->calibrations.size(), 1u);
        QCOMPARE(read->skipped.size(), 1u);
        QCOMPARE(read->memory.size(), 1u);
        QCOMPARE(read->progress.size(), 1u);
        QCOMPARE(read->samples, std::vector<Sample>{test::exampleSample()});
        QVERIFY(read->failed.has_value());
        QVERIFY(!read->complete);
    }

    void onlyAWholeRunIsComplete() {
        const std::string lines = linesOf(1);
        const auto complete = [&](const std::string& text) {
            const Result<Recording> read = readRecording(file(text));
            return read.ok() && read->complete;
        };
        QVERIFY(!complete(lines));
        QVERIFY(!complete(lines + toLine(RunDone{1, 1, true}) + "\n"));
        const std::string whole = lines + toLine(RunDone{1, 1, false}) + "\n";
        QVERIFY(complete(whole));
        QVERIFY(complete(lines + whole));
        QVERIFY(!complete(whole + lines)); // joined; the second run was killed
    }

    void aRecordingCutAnywhereInItsLastLineKeepsTheRest() {
        const std::string text = linesOf(3);
        const std::size_t last = text.rfind('\n', text.size() - 2) + 1;
        for (std::size_t size = last; size < text.size(); ++size) {
            const Result<Recording> read = readRecording(file(text.substr(0, size)));
            QVERIFY2(read.ok(), read.ok() ? "" : read.error().sentence().c_str());
            const bool whole = size + 1 == text.size(); // but for the line end
            QCOMPARE(read->samples.size(), whole ? 3u : 2u);
        }
    }

    void aLineOfTheFutureIsPassedOver() {
        const Result<Recording> read =
            readRecording(file("{\"kind\":\"of_the_future\"}\n\n" + linesOf(1)));
        QVERIFY(read.ok());
        QCOMPARE(read->samples.size(), 1u);
    }

    void anArrayOfSamplesIsRead() {
        nlohmann::json array = nlohmann::json::array();
        array.push_back(test::exampleSample());
        array.push_back(test::exampleSample());
        const Result<Recording> read = readRecording(file("\n " + array.dump(2)));
        QVERIFY(read.ok());
        QCOMPARE(read->samples.size(), 2u);
        array[1].erase("flop");
        const Result<Recording> broken = readRecording(file(array.dump(2)));
        QVERIFY(!broken.ok());
        QVERIFY(broken.error().where.find("element 2") != std::string::npos);
        const Result<Recording> cut = readRecording(file(array.dump().substr(0, 500)));
        QVERIFY(!cut.ok());
        QVERIFY(cut.error().where.find("byte") != std::string::npos);
    }

    void textFromOtherSystemsIsRead() {
        QString text = QString::fromStdString(linesOf(2));
        text.replace("\n", "\r\n");
        const Result<Recording> read = readRecording(file("\xEF\xBB\xBF" + text.toStdString()));
        QVERIFY(read.ok());
        QCOMPARE(read->samples.size(), 2u);
        QVERIFY(readRecording(file(linesOf(2) + std::string(4096, '\0'))).ok());
    }

    void aWrongLineIsNamed() {
        const auto where = [&](const std::string& text) {
            const Result<Recording> read = readRecording(file(text));
            return read.ok() ? std::string() : read.error().where;
        };
        const std::string lines = linesOf(2);
        QVERIFY(where("rubbish\n" + lines).find("line 1") != std::string::npos);
        QVERIFY(where(lines + "\n{\"kind\":\"done\"}\n" + lines).find("line 5") !=
                std::string::npos);
        QVERIFY(where(lines + "{\"kind\":").empty());
        QVERIFY(!where(lines + "{\"kind\":\"done\"}").empty()); // whole, but wrong
    }

    void whatIsNoRecordingIsRefused_data() {
        QTest::addColumn<QByteArray>("content");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("words") << QByteArray("hello");
        QTest::newRow("picture") << QByteArray("\x89PNG\r\n\x1a\n\0\0\0", 11);
        QTest::newRow("zeros") << QByteArray(1000, '\0');
        QTest::newRow("another JSON") << QByteArray("{\"a\":1}");
        QTest::newRow("a list of numbers") << QByteArray("[1,2]");
    }
    void whatIsNoRecordingIsRefused() {
        QFETCH(QByteArray, content);
        const Result<Recording> read = readRecording(file(content.toStdString()));
        QVERIFY(!read.ok());
        QCOMPARE(read.error().code, ErrorCode::FileUnreadable);
        QVERIFY(read.error().where.find("recording.jsonl") != std::string::npos);
    }

    void aFileThatIsTooLargeIsNotRead() {
        const fs::path path = file("12345");
        QCOMPARE(*readWholeFile(path, 5), std::string("12345"));
        QVERIFY(!readWholeFile(path, 4).ok());
        QVERIFY(!readWholeFile("/dev/zero", 1000).ok());
        QCOMPARE(*readFileStart(path, 2), std::string("12"));
        QCOMPARE(*readFileStart(path, 9), std::string("12345"));
    }

    void aHugeModelIsRefusedAtOnce() {
        const fs::path path = file("GGUF\x03");
        fs::resize_file(path, std::uintmax_t{1} << 40); // sparse
        QElapsedTimer timer;
        timer.start();
        QVERIFY(!readRecording(path).ok());
        QVERIFY(timer.elapsed() < 1000);
        fs::remove(path);
    }

    void aMissingFileAndAFolderAreRefused() {
        const fs::path folder(m_dir.path().toStdString());
        const Result<Recording> missing = readRecording(folder / "nothing");
        QVERIFY(!missing.ok());
        QVERIFY(missing.error().sentence().find("No such file") != std::string::npos);
        QVERIFY(!readRecording(folder).ok());
    }

    void aWrongLineIsFoundInABigFile() {
        const std::string lines = linesOf(4000); // several parts, each with its own thread
        const Result<Recording> read = readRecording(file(lines + "{\"kind\":\"done\"}\n" + lines));
        QVERIFY(!read.ok());
        QVERIFY2(read.error().where.ends_with("line 4002"), read.error().where.c_str());
    }

    void aHundredThousandSamplesAreReadInOrder() {
        const fs::path path = file(linesOf(kManySamples));
        QElapsedTimer timer;
        timer.start();
        const Result<Recording> read = readRecording(path);
        const double seconds = static_cast<double>(timer.elapsed()) / 1000;
        QVERIFY(read.ok());
        QCOMPARE(read->samples.size(), static_cast<std::size_t>(kManySamples));
        for (std::size_t i = 0; i < read->samples.size(); ++i)
            QCOMPARE(read->samples[i].context, static_cast<std::int64_t>(i));
        qInfo("%d samples in %.2f s", kManySamples, seconds);
        QVERIFY2(seconds < 15, "far above the second it should take on an idle machine");
    }

    void aFileIsReplacedWholeOrNotAtAll() {
        const fs::path path = file("before", "replaced");
        QVERIFY(writeWholeFile(path, "after").ok());
        QCOMPARE(*readWholeFile(path, 100), std::string("after"));
        const fs::path link = fs::path(m_dir.path().toStdString()) / "link";
        fs::create_symlink(path, link);
        QVERIFY(writeWholeFile(link, "through the link").ok());
        QVERIFY(fs::is_symlink(link));
        QCOMPARE(*readWholeFile(path, 100), std::string("through the link"));
        QVERIFY(writeWholeFile("/dev/null", "gone").ok());
        QVERIFY(fs::is_character_file("/dev/null"));
    }

    void whatCannotBeWrittenSaysWhy() {
        const fs::path folder(m_dir.path().toStdString());
        for (const fs::path& path :
             {folder, folder / "no" / "such" / "folder", fs::path("/dev/full")}) {
            const Status status = writeRecording(
                Recording{{test::exampleRun()}, {}, {}, {}, {}, {}, {}, false}, path);
            QVERIFY2(!status.ok(), path.c_str());
            QCOMPARE(status.error().code, ErrorCode::OutputNotWritten);
            QCOMPARE(status.error().where, path.string());
        }
        for (const fs::directory_entry& entry : fs::directory_iterator(folder))
            QVERIFY2(entry.path().extension() != ".part", entry.path().c_str());
    }
};

QTEST_GUILESS_MAIN(TestRecording)
#include "test_recording.moc"
