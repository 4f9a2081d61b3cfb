// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

using namespace decodescope;

/// Whatever is opened that is no good model file gives a sentence, at once, and never a crash.
class TestBrokenFiles : public QObject {
    Q_OBJECT

private slots:
    void aUrlIsRefused();
    void pathsThatHoldNoFileAreRefused();
    void aPipeIsRefusedWithoutWaiting();
    void withoutPermissionItSaysSo();
    void otherFormatsAreToldByContent_data();
    void otherFormatsAreToldByContent();
    void theKindIsToldByContentNotByName();
    void aBrokenConfigNamesTheKey_data();
    void aBrokenConfigNamesTheKey();
    void everyTruncatedConfigIsRefused();
    void deepNestingIsRefusedWithoutGoingDeep();
    void endlessTokensAreRefused();

private:
    Files m_files;
};

void TestBrokenFiles::aUrlIsRefused() {
    for (const char* url :
         {"https://huggingface.co/x/config.json", "http://a/b.gguf", "s3://a/b"}) {
        const auto result = readModelFile(url);
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::BadUsage);
        QVERIFY(saidOf(result).contains("URL"));
    }
}

void TestBrokenFiles::pathsThatHoldNoFileAreRefused() {
    QVERIFY(saidOf(readModelFile(m_files.folder() / "nothing.gguf")).contains("no such file"));
    QVERIFY(saidOf(readModelFile(m_files.write("empty", ""))).contains("empty"));
    QVERIFY(saidOf(readModelFile("/dev/zero")).contains("not a regular file"));
    QCOMPARE(readModelFile("").error().code, ErrorCode::BadUsage);
    const auto folder = m_files.folder() / "hollow";
    std::filesystem::create_directory(folder);
    QVERIFY(saidOf(readModelFile(folder)).contains("config.json"));
    std::filesystem::create_symlink("nowhere", m_files.folder() / "dangling");
    QVERIFY(saidOf(readModelFile(m_files.folder() / "dangling")).contains("no such file"));
}

void TestBrokenFiles::aPipeIsRefusedWithoutWaiting() {
    const auto pipe = m_files.folder() / "pipe";
    QCOMPARE(mkfifo(pipe.c_str(), 0600), 0);
    QVERIFY(saidOf(readModelFile(pipe)).contains("not a regular file"));
}

void TestBrokenFiles::withoutPermissionItSaysSo() {
    const auto path = m_files.write("secret.json", "{}");
    std::filesystem::permissions(path, std::filesystem::perms::none);
    const bool root = geteuid() == 0; // who may read everything, and becomes somebody else
    std::filesystem::permissions(m_files.folder(), std::filesystem::perms(0755));
    QVERIFY(!root || seteuid(65534) == 0);
    const QString said = saidOf(readModelFile(path));
    QVERIFY(!root || seteuid(0) == 0);
    QVERIFY2(said.contains("Permission denied"), qPrintable(said));
}

void TestBrokenFiles::otherFormatsAreToldByContent_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("says");
    QTest::newRow("Git LFS") << QByteArray("version https://git-lfs.github.com/spec/v1\n")
                             << "git lfs pull";
    QTest::newRow("PyTorch") << QByteArray("PK\x03\x04 archive") << "config.json";
    QTest::newRow("old ggml") << QByteArray("tjgg\1\0\0\0", 8) << "before GGUF";
    QTest::newRow("web page") << QByteArray("<!DOCTYPE html><html>") << "web page";
    QTest::newRow("text") << QByteArray("hello") << "neither";
    QTest::newRow("array") << QByteArray("[1,2]") << "neither";
    QTest::newRow("zeros") << QByteArray(4096, '\0') << "neither";
    QTest::newRow("half a magic") << QByteArray("GGU") << "magic";
    QTest::newRow("UTF-16") << QByteArray("\xff\xfe{\0}\0", 6) << "neither";
}

void TestBrokenFiles::otherFormatsAreToldByContent() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, says);
    const QString said = saidOf(readModelFile(m_files.write("model.gguf", bytes)));
    QVERIFY2(said.contains(says) && said.contains("model.gguf"), qPrintable(said));
}

static QByteArray llama(const QByteArray& more = {}) {
    return R"({"model_type":"llama","hidden_size":64,"intermediate_size":256,
        "num_hidden_layers":2,"num_attention_heads":8,"vocab_size":100)" +
           more + "}";
}

void TestBrokenFiles::theKindIsToldByContentNotByName() {
    QCOMPARE(saidOf(readModelFile(m_files.write("renamed.gguf", llama()))), QString("ok"));
}

void TestBrokenFiles::aBrokenConfigNamesTheKey_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QStringList>("says");
    const auto row = [](const char* name, const QByteArray& text, const QStringList& says) {
        QTest::newRow(name) << text << says;
    };
    const auto without = [](const char* key, const QByteArray& value) {
        QByteArray text = llama();
        const auto colon = text.indexOf(':', text.indexOf("\"" + QByteArray(key) + "\":"));
        const auto comma = text.indexOf(',', colon);
        const auto end = comma < 0 ? text.indexOf('}', colon) : comma;
        return text.replace(colon + 1, end - colon - 1, value);
    };
    row("no model", "{}", {"model_type"});
    row("width missing", without("hidden_size", "null"), {"hidden_size", "missing"});
    row("width 0", without("hidden_size", "0"), {"hidden_size"});
    row("width negative", without("hidden_size", "-64"), {"hidden_size", "-64"});
    row("width a text", without("hidden_size", "\"64\""), {"hidden_size", "string"});
    row("width a fraction", without("hidden_size", "64.5"), {"hidden_size", "number"});
    row("width of 1e300", without("hidden_size", "1e300"), {"hidden_size", "out of range"});
    row("width of 2^64 - 1", without("hidden_size", "18446744073709551615"),
        {"hidden_size", "out of range"});
    row("10^9 layers", without("num_hidden_layers", "1000000000"), {"num_hidden_layers"});
    row("no layers", without("num_hidden_layers", "0"), {"num_hidden_layers"});
    row("heads a list", without("num_attention_heads", "[8]"), {"num_attention_heads", "array"});
    row("heads do not divide", without("num_attention_heads", "7"), {"hidden_size", "7 heads"});
    row("KV heads do not divide", llama(R"(,"num_key_value_heads":3)"),
        {"num_key_value_heads", "3 KV heads"});
    row("no KV heads", llama(R"(,"num_key_value_heads":0)"), {"num_key_value_heads"});
    row("head_dim 0", llama(R"(,"head_dim":0)"), {"head_dim"});
    row("vast feed-forward", without("intermediate_size", "1000000000"), {"intermediate_size"});
    row("vast vocabulary", without("vocab_size", "1000000000"), {"vocab_size"});
    row("too few layer types", llama(R"(,"layer_types":["full_attention"])"),
        {"layer_types", "1 values"});
    row("unknown layer type", llama(R"(,"layer_types":["full_attention","warp"])"),
        {"layer_types[1]", "warp"});
    row("recurrent without its state",
        llama(R"(,"layer_types":["full_attention","linear_attention"])"), {"layer_types"});
    row("more experts than there are", llama(R"(,"num_local_experts":4,"num_experts_per_tok":5)"),
        {"num_experts_per_tok"});
    row("experts without their number a token", llama(R"(,"num_local_experts":4)"),
        {"num_experts_per_tok", "missing"});
    row("latent without its heads", llama(R"(,"kv_lora_rank":512)"), {"qk_rope_head_dim"});
    row("all layers share", llama(R"(,"num_kv_shared_layers":2)"), {"num_kv_shared_layers"});
    row("key twice", llama(R"(,"hidden_size":128)"), {"hidden_size", "twice", "byte"});
    row("flag a text", llama(R"(,"tie_word_embeddings":"no")"), {"tie_word_embeddings"});
    row("not UTF-8", llama(",\"x\":\"caf\xe9\""), {"UTF-8", "byte"});
    row("text after the end", llama() + "{}", {"not JSON", "byte"});
    row("an encoder", llama(R"(,"is_encoder_decoder":true)"), {"is_encoder_decoder"});
    row("an adapter", R"({"peft_type":"LORA","r":16})", {"no model"});
}

void TestBrokenFiles::aBrokenConfigNamesTheKey() {
    QFETCH(QByteArray, text);
    QFETCH(QStringList, says);
    const auto result = readModelFile(m_files.write("config.json", text));
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::FileUnreadable);
    for (const QString& part : says + QStringList{"config.json"})
        QVERIFY2(saidOf(result).contains(part), qPrintable(saidOf(result)));
}

void TestBrokenFiles::everyTruncatedConfigIsRefused() {
    const QByteArray whole = llama(R"(,"rope_scaling":{"factor":8.0},"list":[1,"two",null,true])");
    QCOMPARE(saidOf(readModelFile(m_files.write("config.json", whole))), QString("ok"));
    for (qsizetype length = 0; length < whole.size(); ++length)
        QVERIFY2(!readModelFile(m_files.write("config.json", whole.left(length))),
                 QByteArray::number(length));
}

void TestBrokenFiles::deepNestingIsRefusedWithoutGoingDeep() {
    for (const char* opening : {"[", R"({"a":)"}) {
        QByteArray deep = R"({"a":)" + QByteArray(opening).repeated(1'000'000);
        const QString said = saidOf(readModelFile(m_files.write("config.json", deep)));
        QVERIFY2(said.contains("nested deeper"), qPrintable(said));
    }
    const QByteArray header = R"({"__metadata__":)" + QByteArray("[").repeated(10'000'000);
    const QByteArray file = QByteArray("\x85\x96\x98\0\0\0\0\0", 8) + header;
    const QString said = saidOf(readModelFile(m_files.write("m.safetensors", file)));
    QVERIFY2(said.contains("nested deeper"), qPrintable(said));
}

void TestBrokenFiles::endlessTokensAreRefused() {
    const QByteArray text = "{\"a\":\"" + QByteArray(4'000'000, 'x') + "\"}";
    const QString said = saidOf(readModelFile(m_files.write("config.json", text)));
    QVERIFY2(said.contains("longer than 1 MiB"), qPrintable(said));
    const QByteArray spaces = "{" + QByteArray(20'000'000, ' ') + "}";
    QVERIFY(!readModelFile(m_files.write("config.json", spaces)));
    QByteArray many = "{\"a\":[0";
    many += QByteArray(",0").repeated(1'000'000) + "]}";
    QVERIFY(saidOf(readModelFile(m_files.write("config.json", many))).contains("too many values"));
}

QTEST_GUILESS_MAIN(TestBrokenFiles)
#include "test_broken_files.moc"
