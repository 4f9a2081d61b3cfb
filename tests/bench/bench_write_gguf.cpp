// SPDX-License-Identifier: Apache-2.0
// bench_write_gguf FILE GIB [TENSORS]: a valid GGUF v3 of about GIB gibibytes whose tensor data is
// a hole, so that reading its header can be timed without writing what nobody reads. Its vocabulary
// is as long as a real one, since that is what makes real headers large; TENSORS small ones are
// added.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace {

constexpr std::uint32_t kTypeUInt32 = 4, kTypeString = 8, kTypeArray = 9;
constexpr std::uint32_t kTensorF16 = 1;
constexpr std::uint32_t kLayers = 32, kVocabulary = 128256;
constexpr std::uint64_t kWidth = 4096, kKvWidth = 1024, kAlignment = 32;

class Writer {
public:
    explicit Writer(const std::filesystem::path& path) : m_out(path, std::ios::binary) {}

    template <typename T>
    void number(T value) {
        m_out.write(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void text(std::string_view value) {
        number<std::uint64_t>(value.size());
        m_out.write(value.data(), static_cast<std::streamsize>(value.size()));
    }
    void pair(std::string_view key, std::uint32_t value) {
        text(key);
        number(kTypeUInt32);
        number(value);
    }
    void pair(std::string_view key, std::string_view value) {
        text(key);
        number(kTypeString);
        text(value);
    }
    void vocabulary() {
        text("tokenizer.ggml.tokens");
        number(kTypeArray);
        number(kTypeString);
        number<std::uint64_t>(kVocabulary);
        for (std::uint32_t i = 0; i < kVocabulary; ++i)
            text("token" + std::to_string(i));
    }
    void tensor(const std::string& name, std::uint64_t columns, std::uint64_t rows) {
        text(name);
        number<std::uint32_t>(2);
        number(columns);
        number(rows);
        number(kTensorF16);
        number(m_dataBytes);
        m_dataBytes += columns * rows * 2;
    }
    /// Ends the header and makes the file as long as its tensors.
    std::uint64_t fileBytes() {
        const auto header = static_cast<std::uint64_t>(m_out.tellp());
        m_out.close();
        return (header + kAlignment - 1) / kAlignment * kAlignment + m_dataBytes;
    }

private:
    std::ofstream m_out;
    std::uint64_t m_dataBytes = 0;
};

} // namespace

int main(int argc, char** argv) {
    if (argc != 3 && argc != 4)
        return 2;
    const std::uint64_t small = argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 0;
    const std::filesystem::path path = argv[1];
    const std::uint64_t bytes = std::strtoull(argv[2], nullptr, 10) << 30;
    // The feed-forward width is chosen so that the file comes to the size asked for.
    const std::uint64_t attention = kWidth * (2 * kWidth + 2 * kKvWidth);
    const std::uint64_t ffn = (bytes / 2 / kLayers - attention) / (3 * kWidth) / 256 * 256;
    Writer out(path);
    out.number<std::uint32_t>(0x46554747); // "GGUF"
    out.number<std::uint32_t>(3);
    out.number<std::uint64_t>(kLayers * 7 + 2 + small);
    out.number<std::uint64_t>(9);
    out.pair("general.architecture", std::string_view("llama"));
    out.pair("general.name", std::string_view("Sparse"));
    out.pair("llama.block_count", kLayers);
    out.pair("llama.embedding_length", static_cast<std::uint32_t>(kWidth));
    out.pair("llama.feed_forward_length", static_cast<std::uint32_t>(ffn));
    out.pair("llama.attention.head_count", 32U);
    out.pair("llama.attention.head_count_kv", 8U);
    out.pair("llama.context_length", 131072U);
    out.vocabulary();
    out.tensor("token_embd.weight", kWidth, kVocabulary);
    out.tensor("output.weight", kWidth, kVocabulary);
    for (std::uint32_t layer = 0; layer < kLayers; ++layer) {
        const std::string prefix = "blk." + std::to_string(layer) + ".";
        out.tensor(prefix + "attn_q.weight", kWidth, kWidth);
        out.tensor(prefix + "attn_k.weight", kWidth, kKvWidth);
        out.tensor(prefix + "attn_v.weight", kWidth, kKvWidth);
        out.tensor(prefix + "attn_output.weight", kWidth, kWidth);
        out.tensor(prefix + "ffn_gate.weight", kWidth, ffn);
        out.tensor(prefix + "ffn_up.weight", kWidth, ffn);
        out.tensor(prefix + "ffn_down.weight", ffn, kWidth);
    }
    for (std::uint64_t i = 0; i < small; ++i)
        out.tensor("blk." + std::to_string(i % kLayers) + ".part." + std::to_string(i), kAlignment,
                   1);
    std::filesystem::resize_file(path, out.fileBytes());
    return 0;
}
