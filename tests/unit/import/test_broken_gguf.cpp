// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <functional>
#include <limits>

#include "files.h"
#include "gguf_builder.h"

using namespace decodescope;

namespace {

constexpr std::uint64_t kHuge = std::uint64_t{1} << 60;

/// A key of `arch`, whose value the test replaces: everything else is as in smallLlama().
GgufBuilder llamaBut(const QByteArray& key, const std::function<void(GgufBuilder&)>& add) {
    GgufBuilder gguf;
    gguf.string("general.architecture", "llama");
    const std::pair<const char*, std::uint32_t> numbers[] = {{"llama.block_count", 2},
                                                             {"llama.embedding_length", 64},
                                                             {"llama.feed_forward_length", 256},
                                                             {"llama.attention.head_count", 8},
                                                             {"llama.attention.head_count_kv", 2}};
    for (const auto& [name, value] : numbers)
        if (key != name)
            gguf.number(name, value);
    add(gguf);
    return gguf;
}

} // namespace

/// A broken GGUF file is an Error with key or tensor and byte offset, never a crash.
class TestBrokenGguf : public QObject {
    Q_OBJECT

private slots:
    void everyTruncationIsRefused();
    void everyDamagedByteIsSurvived();
    void aTruncatedFileTellsTheBytesMissing();
    void whatIsWrongIsNamed_data();
    void whatIsWrongIsNamed();

private:
    Files m_files;
};

void TestBrokenGguf::everyTruncationIsRefused() {
    const QByteArray whole = llamaWithTensors().bytes();
    QCOMPARE(saidOf(readModelFile(m_files.write("whole.gguf", whole))), QString("ok"));
    const qsizetype head = llamaWithTensors().head().size();
    for (qsizetype length = 0; length < head + 40; ++length) {
        const auto result = readModelFile(m_files.write("cut.gguf", whole.left(length)));
        QVERIFY2(!result, QByteArray::number(length));
        QCOMPARE(result.error().code, ErrorCode::FileUnreadable);
        QVERIFY(saidOf(result).contains("cut.gguf"));
    }
}

void TestBrokenGguf::everyDamagedByteIsSurvived() {
    const QByteArray whole = llamaWithTensors().bytes();
    const qsizetype head = llamaWithTensors().head().size();
    int refused = 0;
    for (qsizetype at = 0; at < head; ++at) {
        for (const unsigned mask : {0x01U, 0x80U, 0xFFU}) {
            QByteArray damaged = whole;
            damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ mask);
            const auto result = readModelFile(m_files.write("bad.gguf", damaged));
            refused += result ? 0 : 1;
            if (result)
                QVERIFY(bool(validate(*result)));
        }
    }
    QVERIFY(refused > 500);
}

void TestBrokenGguf::aTruncatedFileTellsTheBytesMissing() {
    const QByteArray whole = llamaWithTensors().bytes();
    const QString said = saidOf(readModelFile(m_files.write("cut.gguf", whole.chopped(1000))));
    QVERIFY2(said.contains("1000 bytes before") && said.contains("truncated"), qPrintable(said));
}

void TestBrokenGguf::whatIsWrongIsNamed_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QStringList>("says");
    const auto row = [](const char* name, const QByteArray& bytes, const QStringList& says) {
        QTest::newRow(name) << bytes << says;
    };
    using B = GgufBuilder;
    const auto replaced = [&](const char* key, const auto& add) {
        return llamaBut(key, add).bytes();
    };

    row("big-endian", QByteArray("GGUF\0\0\0\3", 8) + QByteArray(16, '\0'), {"big-endian"});
    row("version 1", smallLlama().version(1).bytes(), {"version 1", "byte 4"});
    row("version 4", smallLlama().version(4).bytes(), {"version 4"});
    row("2^60 keys", smallLlama().claimPairs(kHuge).bytes(), {"metadata keys", "byte 16"});
    row("2^60 tensors", smallLlama().claimTensors(kHuge).bytes(), {"tensors", "byte 8"});
    row("more tensors than any model", // in a file that could hold them
        smallLlama().claimTensors(2'000'000).bytes() + QByteArray(70'000'000, '\0'),
        {"2000000 tensors", "any model", "byte 8"});
    row("one key too many", smallLlama().claimPairs(10).bytes(), {"byte"});
    row("key of 2^63 bytes",
        B().raw("x", B::U8, "\1").bytes().replace(24, 8, B::little(std::uint64_t{1} << 63)),
        {"metadata key 0", "byte 24"});
    row("text of 2^63 bytes",
        smallLlama().raw("note", B::Text, B::little(std::uint64_t{1} << 63)).bytes(), {"\"note\""});
    row("array of 2^60 texts",
        smallLlama()
            .raw("list", B::Array, B::little<std::uint32_t>(B::Text) + B::little(kHuge))
            .bytes(),
        {"\"list\"", "elements"});
    row("array of 2^60 numbers",
        smallLlama()
            .raw("list", B::Array, B::little<std::uint32_t>(B::U64) + B::little(kHuge))
            .bytes(),
        {"\"list\"", "missing"});
    row("array of arrays of arrays of arrays of arrays",
        smallLlama()
            .raw("list", B::Array,
                 (B::little<std::uint32_t>(B::Array) + B::little<std::uint64_t>(1)).repeated(6))
            .bytes(),
        {"\"list\"", "nested"});
    row("unknown value type", smallLlama().raw("odd", 99, "").bytes(), {"\"odd\"", "99"});
    row("key twice", smallLlama().number("llama.block_count", 3).bytes(),
        {"\"llama.block_count\"", "twice"});
    row("key not UTF-8", smallLlama().number("\xff\xfe", 3).bytes(), {"UTF-8"});
    row("text not UTF-8", smallLlama().string("note", "caf\xe9").bytes(), {"\"note\"", "UTF-8"});
    row("empty key", smallLlama().number("", 3).bytes(), {"empty"});

    row("no architecture", B().number("x", 1).bytes(), {"general.architecture"});
    row("architecture a number", B().number("general.architecture", 1).bytes(),
        {"general.architecture", "text"});
    row("a projector",
        B().string("general.architecture", "clip").string("general.type", "mmproj").bytes(),
        {"no language model"});
    row("layers missing", replaced("llama.block_count", [](B&) {}),
        {"llama.block_count", "missing"});
    row("layers a text",
        replaced("llama.block_count", [](B& b) { b.string("llama.block_count", "32"); }),
        {"llama.block_count", "whole number"});
    row("no layers", replaced("llama.block_count", [](B& b) { b.number("llama.block_count", 0); }),
        {"llama.block_count"});
    row("2^31 layers",
        replaced("llama.block_count", [](B& b) { b.number("llama.block_count", 1U << 31); }),
        {"llama.block_count", "out of range"});
    row("negative width",
        replaced(
            "llama.embedding_length",
            [](B& b) { b.raw("llama.embedding_length", B::I32, B::little<std::int32_t>(-64)); }),
        {"llama.embedding_length", "out of range"});
    row("width of 2^64 - 1",
        replaced("llama.embedding_length",
                 [](B& b) {
                     b.raw("llama.embedding_length", B::U64,
                           B::little(std::numeric_limits<quint64>::max()));
                 }),
        {"llama.embedding_length"});
    row("KV heads do not divide",
        replaced("llama.attention.head_count_kv",
                 [](B& b) { b.number("llama.attention.head_count_kv", 3); }),
        {"head_count_kv", "3 KV heads"});
    row("heads of too few layers",
        replaced("llama.attention.head_count_kv",
                 [](B& b) { b.numbers("llama.attention.head_count_kv", {2}); }),
        {"head_count_kv", "1 values"});
    row("heads as fractions",
        replaced("llama.attention.head_count",
                 [](B& b) {
                     b.raw("llama.attention.head_count", B::F32,
                           B::little<std::uint32_t>(0x41000000));
                 }),
        {"llama.attention.head_count", "whole number"});

    const auto with = [](const std::vector<std::uint64_t>& shape, std::uint32_t type,
                         std::uint64_t offset = 0) {
        return smallLlama().tensorAt("t", shape, type, offset).bytes();
    };
    row("dimension of 0", with({64, 0}, 0), {"\"t\"", "dimension of 0"});
    row("no dimensions", with({}, 0), {"\"t\"", "0 dimensions"});
    row("five dimensions", with({1, 1, 1, 1, 1}, 0), {"\"t\"", "5 dimensions"});
    row("product beyond 64 bits", with({1ULL << 32, 1ULL << 32}, 0), {"\"t\"", "64 bits"});
    row("bytes beyond 64 bits", with({1ULL << 31, 1ULL << 31}, 28), {"\"t\"", "64 bits"});
    row("withdrawn type", with({64}, 4), {"\"t\"", "type 4"});
    row("broken block", with({33}, 8), {"\"t\"", "q8_0"});
    row("offset beyond the file", with({64}, 0, kHuge), {"bytes before"});
    row("offset not aligned", with({64}, 0, 7), {"aligned"});
    row("tensor twice", smallLlama().tensor("t", {64}, 0, 256).tensor("t", {64}, 0, 256).bytes(),
        {"twice"});
    row("tensors overlap",
        smallLlama().tensor("t", {64}, 0, 256).tensorAt("u", {64}, 0, 32).bytes(), {"overlap"});
    row("alignment of 0",
        smallLlama().number("general.alignment", 0).tensor("t", {64}, 0, 256).bytes(),
        {"general.alignment"});
    row("tensor of a layer that is not",
        smallLlama().tensor("blk.7.attn_q.weight", {64}, 0, 256).bytes(), {"block 7"});
    row("embedding of another width",
        smallLlama().tensor("token_embd.weight", {128, 32}, 0, 128 * 32 * 4).bytes(),
        {"128", "embedding_length"});
}

void TestBrokenGguf::whatIsWrongIsNamed() {
    QFETCH(QByteArray, bytes);
    QFETCH(QStringList, says);
    const auto result = readModelFile(m_files.write("bad.gguf", bytes));
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::FileUnreadable);
    const QString said = saidOf(result);
    QVERIFY2(said.contains("bad.gguf"), qPrintable(said));
    for (const QString& part : says)
        QVERIFY2(said.contains(part), qPrintable(said));
}

QTEST_GUILESS_MAIN(TestBrokenGguf)
#include "test_broken_gguf.moc"
