// SPDX-License-Identifier: Apache-2.0
#include "core/import/safetensors_file.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/import/byte_reader.h"
#include "core/import/json_text.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// The format allows 100 MB; no model needs a tenth, and a larger one would take seconds.
constexpr std::uint64_t kMaxHeaderBytes = 16 * kMiB;
constexpr std::size_t kMaxDimensions = 64;
constexpr char kDamaged[] = "The file is truncated or damaged: download it again.";

/// The types of the format; those without a DataType are counted in bytes alone.
struct Dtype {
    std::string_view name;
    std::uint32_t bits;
    std::optional<DataType> type;
    bool weight; ///< one element is one weight
};
constexpr std::array kDtypes = {
    Dtype{"F64", 64, DataType::F64, true},         Dtype{"F32", 32, DataType::F32, true},
    Dtype{"F16", 16, DataType::F16, true},         Dtype{"BF16", 16, DataType::BF16, true},
    Dtype{"F8_E4M3", 8, DataType::FP8_E4M3, true}, Dtype{"F8_E5M2", 8, DataType::FP8_E5M2, true},
    Dtype{"F8_E8M0", 8, std::nullopt, false},      Dtype{"F8_E4M3FNUZ", 8, std::nullopt, true},
    Dtype{"F8_E5M2FNUZ", 8, std::nullopt, true},   Dtype{"F6_E2M3", 6, std::nullopt, true},
    Dtype{"F6_E3M2", 6, std::nullopt, true},       Dtype{"F4", 4, std::nullopt, true},
    Dtype{"I64", 64, DataType::Int64, false},      Dtype{"I32", 32, DataType::Int32, false},
    Dtype{"I16", 16, DataType::Int16, false},      Dtype{"I8", 8, DataType::Int8, false},
    Dtype{"U64", 64, std::nullopt, false},         Dtype{"U32", 32, std::nullopt, false},
    Dtype{"U16", 16, std::nullopt, false},         Dtype{"U8", 8, DataType::UInt8, false},
    Dtype{"BOOL", 8, std::nullopt, false},         Dtype{"C64", 64, std::nullopt, false},
};

Error broken(std::string what) {
    return {ErrorCode::FileUnreadable, std::move(what), "", kDamaged};
}

/// Gathers {"NAME": {"dtype": …, "shape": […], "data_offsets": [begin, end]}} from the events of
/// the header.
class HeaderListener {
public:
    Status operator()(const JsonEvent& event) {
        const std::vector<std::string>& path = *event.path;
        if (path.empty())
            return Done{};
        if (path.front() == "__metadata__")
            return Done{};
        if (path.size() == 1)
            return event.kind == JsonEvent::Kind::Open && !event.array ? begin(path[0])
                   : event.kind == JsonEvent::Kind::Close              ? finish()
                                                                       : unexpected(path[0]);
        if (path.size() == 2 && path[1] == "dtype")
            return takeDtype(event);
        if (path.size() == 2 && (path[1] == "shape" || path[1] == "data_offsets"))
            return event.array ? Status(Done{}) : unexpected(m_name);
        if (path.size() == 3 && path[1] == "shape")
            return take(event, m_shape, kMaxDimensions);
        if (path.size() == 3 && path[1] == "data_offsets")
            return take(event, m_offsets, 2);
        return unexpected(m_name);
    }

    SafetensorsWeights sum;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> spans; ///< begin and end in the data

private:
    [[nodiscard]] Status unexpected(const std::string& name) const {
        return broken(fmt::format("tensor \"{}\" is not described by dtype, shape and data_offsets",
                                  name.substr(0, 200)));
    }

    Status begin(const std::string& name) {
        m_name = name;
        m_dtype = nullptr;
        m_shape.clear();
        m_offsets.clear();
        return Done{};
    }

    Status takeDtype(const JsonEvent& event) {
        const auto* const found = std::find_if(kDtypes.begin(), kDtypes.end(), [&](const Dtype& d) {
            return event.kind == JsonEvent::Kind::Text && d.name == event.text;
        });
        if (found == kDtypes.end())
            return broken(fmt::format("tensor \"{}\" has the unknown dtype \"{}\"",
                                      m_name.substr(0, 200), event.text.substr(0, 40)));
        m_dtype = found;
        return Done{};
    }

    Status take(const JsonEvent& event, std::vector<std::uint64_t>& list, std::size_t most) {
        if (event.kind != JsonEvent::Kind::Integer || event.integer < 0 || list.size() >= most)
            return unexpected(m_name);
        list.push_back(static_cast<std::uint64_t>(event.integer));
        return Done{};
    }

    Status finish() {
        if (!m_dtype || m_offsets.size() != 2 || m_offsets[0] > m_offsets[1])
            return unexpected(m_name);
        std::uint64_t elements = 1;
        for (const std::uint64_t extent : m_shape)
            elements = saturatingMultiply(elements, extent);
        const std::uint64_t bits = saturatingMultiply(elements, m_dtype->bits);
        const std::uint64_t span = m_offsets[1] - m_offsets[0];
        if (bits == std::numeric_limits<std::uint64_t>::max() || bits % 8 != 0 || bits / 8 != span)
            return broken(fmt::format("tensor \"{}\": its shape needs {} bytes, its data_offsets "
                                      "span {}",
                                      m_name.substr(0, 200), bits / 8, span));
        sum.tensors += 1;
        sum.bytes = saturatingAdd(sum.bytes, span);
        sum.elements = saturatingAdd(sum.elements, elements);
        sum.plain = sum.plain && m_dtype->weight;
        if (m_dtype->type)
            sum.bytesByType[*m_dtype->type] += span;
        spans.emplace_back(m_offsets[0], m_offsets[1]);
        return Done{};
    }

    std::string m_name;
    const Dtype* m_dtype = nullptr;
    std::vector<std::uint64_t> m_shape;
    std::vector<std::uint64_t> m_offsets;
};

/// The format wants the tensors to cover the data without gap or overlap.
Status checkSpans(std::vector<std::pair<std::uint64_t, std::uint64_t>>& spans,
                  const ByteReader& reader, std::uint64_t dataStart) {
    std::sort(spans.begin(), spans.end());
    std::uint64_t end = 0;
    for (const auto& [from, to] : spans) {
        if (from != end)
            return fileError(reader.path(),
                             fmt::format("the tensors {} at byte {}",
                                         from < end ? "overlap" : "leave a gap",
                                         saturatingAdd(dataStart, std::min(from, end))),
                             kDamaged);
        end = to;
    }
    const std::uint64_t expected = saturatingAdd(dataStart, end);
    if (expected > reader.size())
        return fileError(reader.path(),
                         fmt::format("the tensors end at byte {}, the file {} bytes before",
                                     expected, expected - reader.size()),
                         "The file is truncated: download it again.");
    if (expected < reader.size())
        return fileError(reader.path(),
                         fmt::format("{} bytes follow the last tensor", reader.size() - expected),
                         kDamaged);
    return Done{};
}

} // namespace

Result<SafetensorsWeights> readSafetensorsHeader(const std::filesystem::path& path) {
    Result<ByteReader> reader = ByteReader::open(path);
    if (!reader)
        return reader.error();
    const std::uint64_t length = reader->u64("the header's length");
    if (reader->ok() && length > kMaxHeaderBytes)
        reader->fail(
            fmt::format("the header claims {} bytes, at most {} are read", length, kMaxHeaderBytes),
            "This is no safetensors file, or it is damaged.", 0);
    if (reader->ok() && length > reader->remaining())
        reader->fail(fmt::format("the header claims {} bytes, {} more than the file holds", length,
                                 length - reader->remaining()),
                     "The file is truncated: download it again.", 0);
    if (!reader->ok())
        return reader->error();
    HeaderListener listener;
    if (Status status = streamJson(*reader, length, std::ref(listener)); !status)
        return status.error();
    if (Status status = checkSpans(listener.spans, *reader, 8 + length); !status)
        return status.error();
    return listener.sum;
}

void add(SafetensorsWeights& sum, const SafetensorsWeights& part) {
    sum.tensors += part.tensors;
    sum.bytes = saturatingAdd(sum.bytes, part.bytes);
    sum.elements = saturatingAdd(sum.elements, part.elements);
    sum.plain = sum.plain && part.plain;
    for (const auto& [type, bytes] : part.bytesByType)
        sum.bytesByType[type] += bytes;
}

} // namespace decodescope
