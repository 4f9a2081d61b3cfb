// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QtEndian>

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace decodescope {

/// Builds a GGUF file byte by byte, right or wrong as the test asks.
class GgufBuilder {
public:
    enum Type : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, Text, Array, U64, I64, F64 };

    template <typename T>
    static QByteArray little(T value) {
        QByteArray out(sizeof(T), '\0');
        qToLittleEndian(value, out.data());
        return out;
    }
    static QByteArray text(const QByteArray& value) {
        return little<std::uint64_t>(static_cast<std::uint64_t>(value.size())) + value;
    }

    GgufBuilder& raw(const QByteArray& key, std::uint32_t type, const QByteArray& value) {
        m_pairs += text(key) + little(type) + value;
        ++m_pairCount;
        return *this;
    }
    GgufBuilder& number(const QByteArray& key, std::uint32_t value) {
        return raw(key, U32, little(value));
    }
    GgufBuilder& string(const QByteArray& key, const QByteArray& value) {
        return raw(key, Text, text(value));
    }
    GgufBuilder& numbers(const QByteArray& key, const std::vector<std::int32_t>& values) {
        QByteArray body = little<std::uint32_t>(I32) + little<std::uint64_t>(values.size());
        for (const std::int32_t value : values)
            body += little(value);
        return raw(key, Array, body);
    }
    GgufBuilder& flags(const QByteArray& key, const std::vector<bool>& values) {
        QByteArray body = little<std::uint32_t>(Bool) + little<std::uint64_t>(values.size());
        for (const bool value : values)
            body += value ? '\1' : '\0';
        return raw(key, Array, body);
    }
    GgufBuilder& texts(const QByteArray& key, int count) {
        QByteArray body =
            little<std::uint32_t>(Text) + little<std::uint64_t>(static_cast<std::uint64_t>(count));
        for (int i = 0; i < count; ++i)
            body += text("token" + QByteArray::number(i));
        return raw(key, Array, body);
    }

    /// A tensor behind those before it; `type` is ggml's number, `bytes` its size.
    GgufBuilder& tensor(const QByteArray& name, const std::vector<std::uint64_t>& shape,
                        std::uint32_t type, std::uint64_t bytes) {
        tensorAt(name, shape, type, m_data);
        m_data = (m_data + bytes + 31) / 32 * 32;
        m_end = m_data;
        return *this;
    }
    GgufBuilder& tensorAt(const QByteArray& name, const std::vector<std::uint64_t>& shape,
                          std::uint32_t type, std::uint64_t offset) {
        m_tensors += text(name) + little(static_cast<std::uint32_t>(shape.size()));
        for (const std::uint64_t extent : shape)
            m_tensors += little(extent);
        m_tensors += little(type) + little(offset);
        ++m_tensorCount;
        return *this;
    }

    GgufBuilder& version(std::uint32_t value) {
        m_version = value;
        return *this;
    }
    GgufBuilder& claimPairs(std::uint64_t count) {
        m_pairCount = count;
        return *this;
    }
    GgufBuilder& claimTensors(std::uint64_t count) {
        m_tensorCount = count;
        return *this;
    }

    /// Header, metadata and tensor table, padded to where the data begins.
    [[nodiscard]] QByteArray head() const {
        QByteArray out = QByteArray("GGUF") + little(m_version) + little(m_tensorCount) +
                         little(m_pairCount) + m_pairs + m_tensors;
        while (out.size() % 32 != 0)
            out += '\0';
        return out;
    }
    /// Size of the whole file.
    [[nodiscard]] qint64 fileBytes() const { return head().size() + static_cast<qint64>(m_end); }
    [[nodiscard]] QByteArray bytes() const {
        return head() + QByteArray(static_cast<qsizetype>(m_end), '\0');
    }

private:
    QByteArray m_pairs;
    QByteArray m_tensors;
    std::uint32_t m_version = 3;
    std::uint64_t m_pairCount = 0;
    std::uint64_t m_tensorCount = 0;
    std::uint64_t m_data = 0;
    std::uint64_t m_end = 0;
};

/// A llama of 2 layers, 64 wide, 8 query and 2 KV heads, without tensors.
inline GgufBuilder smallLlama(const QByteArray& name = "Small Llama") {
    GgufBuilder gguf;
    gguf.string("general.architecture", "llama")
        .string("general.name", name)
        .number("llama.block_count", 2)
        .number("llama.embedding_length", 64)
        .number("llama.feed_forward_length", 256)
        .number("llama.attention.head_count", 8)
        .number("llama.attention.head_count_kv", 2)
        .number("llama.context_length", 4096)
        .texts("tokenizer.ggml.tokens", 32);
    return gguf;
}

/// The same with values of other types and with tensors.
inline GgufBuilder llamaWithTensors() {
    GgufBuilder gguf = smallLlama();
    gguf.numbers("llama.layers", {1, 2})
        .raw("f", GgufBuilder::F32, GgufBuilder::little<std::uint32_t>(0))
        .raw("d", GgufBuilder::F64, GgufBuilder::little<std::uint64_t>(0))
        .raw("b", GgufBuilder::Bool, "\1")
        .tensor("token_embd.weight", {64, 32}, 8, 64 / 32 * 34 * 32)
        .tensor("blk.0.attn_q.weight", {64, 64}, 1, 8192)
        .tensor("blk.1.attn_q.weight", {64, 64}, 0, 16384);
    return gguf;
}

/// One of the two parts of a split llama, from 0: the embedding, then the output head.
inline GgufBuilder llamaPart(std::uint16_t part) {
    GgufBuilder gguf = part == 0 ? smallLlama("") : GgufBuilder();
    gguf.raw("split.no", GgufBuilder::U16, GgufBuilder::little(part))
        .raw("split.count", GgufBuilder::U16, GgufBuilder::little<std::uint16_t>(2))
        .tensor(part == 0 ? "token_embd.weight" : "output.weight", {64, 32}, 1, 4096);
    return gguf;
}

} // namespace decodescope
