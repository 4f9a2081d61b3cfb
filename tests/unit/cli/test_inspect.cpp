// SPDX-License-Identifier: Apache-2.0
#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

#include <array>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"
#include "tests/unit/import/files.h"
#include "tests/unit/import/gguf_builder.h"

using namespace decodescope;

namespace {

/// What `inspect FILE` may take of memory, whatever the file.
constexpr long kMostKiB = 64 * 1024;

/// `decodescope-cli inspect PATH -o json`, and the most memory it had at any time.
struct Inspected {
    Ended ended;
    long peakKiB = 0;
};

QByteArray contentOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

Inspected inspect(const std::filesystem::path& path) {
    const QTemporaryDir folder;
    const QByteArray out = folder.filePath("out").toUtf8();
    const QByteArray err = folder.filePath("err").toUtf8();
    const std::string file = path.string();
    const pid_t child = fork();
    if (child == 0) {
        dup2(open(out.constData(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
        dup2(open(err.constData(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
        execl(PROGRAMS_DIR "/decodescope-cli", "decodescope-cli", "inspect", file.c_str(), "-o",
              "json", static_cast<char*>(nullptr));
        _exit(127);
    }
    int status = 0;
    rusage usage{};
    wait4(child, &status, 0, &usage);
    Inspected result;
    result.ended.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result.ended.out = contentOf(out);
    result.ended.err = contentOf(err);
    result.peakKiB = usage.ru_maxrss; // of this program until it was replaced, or of the other
    return result;
}

QByteArray withLength(const QByteArray& header) {
    return GgufBuilder::little(static_cast<std::uint64_t>(header.size())) + header;
}

} // namespace

/// Files that are far larger than any model's header should be, and still cost little.
class TestInspect : public QObject {
    Q_OBJECT

private slots:
    void aTerabyteIsReadByItsHeader();
    void twoHundredThousandTensorsAreCounted();
    void moreTensorsThanAnyModelAreRefused();
    void fiftyMegabytesOfNestingAreRefused();
    void nestingWithinTheLimitIsRefused();
    void aMissingPartOfTwoHundredIsNamed();
    void aUrlIsRefusedWithASentence();
    void layersInTurnAreToldByKind();

private:
    static void requireLittle(const Inspected& result) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        Q_UNUSED(result) // a sanitizer keeps memory of its own
#else
        QVERIFY2(result.peakKiB <= kMostKiB,
                 qPrintable(QStringLiteral("%1 KiB").arg(result.peakKiB)));
#endif
    }
    Files m_files;
};

void TestInspect::aTerabyteIsReadByItsHeader() {
    constexpr std::uint64_t kRows = std::uint64_t{1} << 32; // of 64 elements, 16 bit: 512 GiB
    GgufBuilder gguf = smallLlama();
    gguf.tensor("blk.0.ffn_up.weight", {64, kRows}, 1, 128 * kRows)
        .tensor("blk.1.ffn_up.weight", {64, kRows}, 1, 128 * kRows);
    const auto result = inspect(m_files.writeSparse("tera.gguf", gguf.head(), gguf.fileBytes()));
    QVERIFY2(result.ended.exitCode == 0, result.ended.err);
    const QJsonObject model = result.ended.json().object();
    QCOMPARE(model["weights_exact_bytes"].toInteger(), qint64{256} << 32);
    requireLittle(result);
}

void TestInspect::twoHundredThousandTensorsAreCounted() {
    constexpr int kTensors = 200'000;
    GgufBuilder gguf = smallLlama();
    for (int i = 0; i < kTensors; ++i)
        gguf.tensor("blk." + QByteArray::number(i % 2) + ".part." + QByteArray::number(i), {64}, 1,
                    128);
    const auto result = inspect(m_files.writeSparse("many.gguf", gguf.head(), gguf.fileBytes()));
    QVERIFY2(result.ended.exitCode == 0, result.ended.err);
    const QJsonObject model = result.ended.json().object();
    QCOMPARE(model["weights_exact_bytes"].toInteger(), qint64{128} * kTensors);
    QCOMPARE(model["parameters"].toInteger(), qint64{64} * kTensors);
    requireLittle(result);
}

void TestInspect::moreTensorsThanAnyModelAreRefused() {
    const auto path = m_files.writeSparse("claim.gguf", smallLlama().claimTensors(1 << 21).bytes(),
                                          qint64{1} << 32);
    const auto result = inspect(path);
    QCOMPARE(result.ended.exitCode, 3);
    QVERIFY2(result.ended.err.contains("2097152 tensors, more than any model"), result.ended.err);
    requireLittle(result);
}

void TestInspect::fiftyMegabytesOfNestingAreRefused() {
    const auto result =
        inspect(m_files.write("deep.json", QByteArray("{\"a\":").repeated(10'000'000)));
    QCOMPARE(result.ended.exitCode, 3);
    QVERIFY2(result.ended.err.contains("47.7 MiB of JSON are no model configuration"),
             result.ended.err);
    requireLittle(result);
}

void TestInspect::nestingWithinTheLimitIsRefused() {
    const auto deep =
        inspect(m_files.write("deep.json", QByteArray("{\"a\":").repeated(1'000'000)));
    QCOMPARE(deep.ended.exitCode, 3);
    QVERIFY2(deep.ended.err.contains("nested deeper than 64"), deep.ended.err);
    requireLittle(deep);
    // Wide, and no deeper than it may be: the number of values is what is refused.
    const auto wide =
        inspect(m_files.write("wide.json", "{\"model_type\":\"llama\",\"x\":[" +
                                               QByteArray("[[[]]],").repeated(1'000'000) + "0]}"));
    QCOMPARE(wide.ended.exitCode, 3);
    QVERIFY2(wide.ended.err.contains("too many values"), wide.ended.err);
    requireLittle(wide);
}

void TestInspect::aMissingPartOfTwoHundredIsNamed() {
    constexpr int kParts = 200;
    constexpr int kMissing = 137;
    Files files;
    files.write("config.json", R"({"model_type":"llama","hidden_size":64,"intermediate_size":256,
        "num_hidden_layers":2,"num_attention_heads":8,"num_key_value_heads":2,"vocab_size":100})");
    QByteArray places;
    for (int part = 1; part <= kParts; ++part) {
        const QByteArray tensor = "t" + QByteArray::number(part);
        const QByteArray name =
            QString::asprintf("model-%05d-of-%05d.safetensors", part, kParts).toUtf8();
        places += (part > 1 ? ",\"" : "\"") + tensor + "\":\"" + name + "\"";
        if (part != kMissing)
            files.write(name, withLength("{\"" + tensor +
                                         R"(":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})") +
                                  "x");
    }
    const auto index =
        files.write("model.safetensors.index.json", "{\"weight_map\":{" + places + "}}");
    const char* const said = "model-00137-of-00200.safetensors: this part is missing";
    const auto result = inspect(index);
    QCOMPARE(result.ended.exitCode, 3);
    QVERIFY2(result.ended.err.contains(said), result.ended.err);
    requireLittle(result);
    // A folder still has its shape, and says what it could not read.
    const auto folder = inspect(files.folder());
    QVERIFY2(folder.ended.exitCode == 0, folder.ended.err);
    QVERIFY2(folder.ended.out.contains(said), folder.ended.out);
}

void TestInspect::aUrlIsRefusedWithASentence() {
    for (const char* url : {"https://huggingface.co/gpt2/resolve/main/config.json",
                            "hf://gpt2/config.json", "s3://bucket/model.gguf"}) {
        const auto result = inspect(url);
        QCOMPARE(result.ended.exitCode, 2);
        QVERIFY2(result.ended.err.contains("a URL is not opened"), result.ended.err);
        QVERIFY2(result.ended.err.contains("Download the file"), result.ended.err);
    }
}

void TestInspect::layersInTurnAreToldByKind() {
    const auto layers = [](const char* file) {
        const Ended ended =
            runProgram({"inspect", QStringLiteral(TEST_DATA_DIR "/hf_configs/") + file});
        for (const QByteArray& line : ended.lines())
            if (line.startsWith("| layers"))
                return QString::fromUtf8(line).section('|', 2, 2).trimmed();
        return QString::fromUtf8(ended.err);
    };
    QCOMPARE(layers("falcon-h1-7b.json"), QStringLiteral("44 × gqa 12/2 heads × 128"));
    QCOMPARE(
        layers("gpt-oss-20b.json"),
        QStringLiteral("12 × gqa 64/8 heads × 64, window 128, 12 × gqa 64/8 heads × 64, in turn"));
    QCOMPARE(layers("nemotron-nano-9b-v2.json"),
             QStringLiteral("27 × recurrent, 25 × none, 4 × gqa 40/8 heads × 128, in turn"));
}

QTEST_GUILESS_MAIN(TestInspect)
#include "test_inspect.moc"
