// SPDX-License-Identifier: Apache-2.0
#include "core/import/gguf_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/import/byte_reader.h"
#include "core/import/gguf_metadata.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// The largest models have a few thousand, of experts kept apart some hundred thousand. What is
/// kept of one is 32 bytes.
constexpr std::uint64_t kMaxTensors = 1 << 20;
constexpr std::uint64_t kMaxTensorName = 1024; ///< ggml itself stops at 64
constexpr std::uint32_t kMaxDimensions = 4;    ///< GGML_MAX_DIMS
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr char kDamaged[] = "The file is truncated or damaged: download it again.";

struct TypeId {
    std::uint32_t id;
    DataType type;
};

/// enum ggml_type of ggml.h; ids that are missing were withdrawn there.
constexpr std::array kTypeIds = {
    TypeId{0, DataType::F32},     TypeId{1, DataType::F16},      TypeId{2, DataType::Q4_0},
    TypeId{3, DataType::Q4_1},    TypeId{6, DataType::Q5_0},     TypeId{7, DataType::Q5_1},
    TypeId{8, DataType::Q8_0},    TypeId{9, DataType::Q8_1},     TypeId{10, DataType::Q2_K},
    TypeId{11, DataType::Q3_K},   TypeId{12, DataType::Q4_K},    TypeId{13, DataType::Q5_K},
    TypeId{14, DataType::Q6_K},   TypeId{15, DataType::Q8_K},    TypeId{16, DataType::IQ2_XXS},
    TypeId{17, DataType::IQ2_XS}, TypeId{18, DataType::IQ3_XXS}, TypeId{19, DataType::IQ1_S},
    TypeId{20, DataType::IQ4_NL}, TypeId{21, DataType::IQ3_S},   TypeId{22, DataType::IQ2_S},
    TypeId{23, DataType::IQ4_XS}, TypeId{24, DataType::Int8},    TypeId{25, DataType::Int16},
    TypeId{26, DataType::Int32},  TypeId{27, DataType::Int64},   TypeId{28, DataType::F64},
    TypeId{29, DataType::IQ1_M},  TypeId{30, DataType::BF16},    TypeId{34, DataType::TQ1_0},
    TypeId{35, DataType::TQ2_0},  TypeId{39, DataType::MXFP4},   TypeId{40, DataType::NVFP4},
};

struct Tensor {
    std::string name;
    std::vector<std::uint64_t> shape;
    DataType type = DataType::F32;
    std::uint64_t elements = 0;
    std::uint64_t bytes = 0;
    std::uint64_t offset = 0; ///< in the data section
};

/// a × b, or nothing if it is 2^63 or more.
std::optional<std::uint64_t> product(std::uint64_t a, std::uint64_t b) {
    const std::uint64_t ab = saturatingMultiply(a, b);
    if (ab > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return std::nullopt;
    return ab;
}

void readShape(ByteReader& reader, Tensor& tensor, const std::string& what) {
    const std::uint64_t start = reader.offset();
    const std::uint32_t dimensions = reader.u32(what);
    if (reader.ok() && (dimensions < 1 || dimensions > kMaxDimensions))
        reader.fail(fmt::format("{} has {} dimensions", what, dimensions), kDamaged, start);
    tensor.elements = 1;
    for (std::uint32_t i = 0; i < dimensions && reader.ok(); ++i) {
        const std::uint64_t at = reader.offset();
        const std::uint64_t extent = reader.u64(what);
        const auto elements = product(tensor.elements, extent);
        if (reader.ok() && extent == 0)
            reader.fail(what + " has a dimension of 0", kDamaged, at);
        if (reader.ok() && !elements)
            reader.fail(what + " has more elements than 64 bits count", kDamaged, at);
        tensor.shape.push_back(extent);
        tensor.elements = elements.value_or(0);
    }
}

void readType(ByteReader& reader, Tensor& tensor, const std::string& what) {
    const std::uint64_t start = reader.offset();
    const std::uint32_t id = reader.u32(what);
    if (!reader.ok())
        return;
    const auto* const found = std::find_if(kTypeIds.begin(), kTypeIds.end(),
                                           [&](const TypeId& each) { return each.id == id; });
    if (found == kTypeIds.end())
        return reader.fail(fmt::format("{} has the unknown type {}", what, id),
                           "It may be of a later ggml than this version reads.", start);
    tensor.type = found->type;
    const DataTypeInfo& type = info(tensor.type);
    if (tensor.shape.front() % type.blockElements != 0)
        return reader.fail(fmt::format("{}: a row of {} elements is not whole blocks of {}", what,
                                       tensor.shape.front(), type.name),
                           kDamaged, start);
    const auto bytes = product(tensor.elements / type.blockElements, type.blockBytes);
    if (!bytes)
        return reader.fail(what + " has more bytes than 64 bits count", kDamaged, start);
    tensor.bytes = *bytes;
}

void note(GgufTensors& sum, const Tensor& tensor) {
    const std::string_view name = tensor.name;
    sum.count += 1;
    sum.bytes = saturatingAdd(sum.bytes, tensor.bytes);
    sum.elements = saturatingAdd(sum.elements, tensor.elements);
    sum.bytesByType[tensor.type] += tensor.bytes;
    sum.spans.emplace_back(tensor.offset, tensor.bytes);
    if (name == "token_embd.weight")
        sum.embedding = tensor.shape;
    else if (name == "output.weight")
        sum.output = true;
    if (name.find("_exps.") != std::string_view::npos)
        sum.expertElements = saturatingAdd(sum.expertElements, tensor.elements);
    if (!name.starts_with("blk."))
        return;
    std::uint64_t block = 0;
    const auto parsed = std::from_chars(name.data() + 4, name.data() + name.size(), block);
    if (parsed.ec != std::errc())
        return;
    sum.lastBlock = std::max(block, sum.lastBlock.value_or(0));
    sum.gate = sum.gate || name.find(".ffn_gate.") != std::string_view::npos ||
               name.find(".ffn_gate_exps.") != std::string_view::npos ||
               name.find(".ffn_gate_up_exps.") != std::string_view::npos;
    if (sum.upProjection.empty() && name.ends_with(".ffn_up.weight"))
        sum.upProjection = tensor.shape;
}

/// Where names stand, by their hashes, which stand for them: a table may hold a million.
using Names = std::vector<std::pair<std::size_t, std::uint64_t>>;

std::string nameAt(ByteReader& reader, std::uint64_t offset) {
    reader.seek(offset);
    return readGgufString(reader, kMaxTensorName, "a tensor's name");
}

/// A failure if a name stands twice. Leaves the reader where it was.
void checkNames(ByteReader& reader, Names& names) {
    const std::uint64_t end = reader.offset();
    std::sort(names.begin(), names.end());
    const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    for (auto it = std::adjacent_find(names.begin(), names.end(), same);
         it != names.end() && reader.ok(); it = std::adjacent_find(it + 1, names.end(), same)) {
        const std::string name = nameAt(reader, it->second);
        if (name == nameAt(reader, (it + 1)->second) && reader.ok())
            reader.fail(fmt::format("tensor \"{}\" stands twice", name.substr(0, 200)), kDamaged,
                        (it + 1)->second);
    }
    reader.seek(end);
}

GgufTensors readTensors(ByteReader& reader, std::uint64_t count) {
    constexpr std::uint64_t kSmallestTensor = 8 + 1 + 4 + 8 + 4 + 8;
    if (reader.ok() && (count > kMaxTensors || count > reader.remaining() / kSmallestTensor))
        reader.fail(fmt::format("the header claims {} tensors, more than {}", count,
                                count > kMaxTensors ? "any model has" : "the file can hold"),
                    kDamaged, 8);
    GgufTensors sum;
    Names names;
    std::string what;
    if (reader.ok()) {
        sum.spans.reserve(static_cast<std::size_t>(count));
        names.reserve(static_cast<std::size_t>(count));
    }
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        const std::uint64_t start = reader.offset();
        Tensor tensor;
        tensor.name = readGgufString(reader, kMaxTensorName, "a tensor's name");
        what.assign("tensor \"").append(tensor.name, 0, 200).append("\"");
        names.emplace_back(std::hash<std::string>{}(tensor.name), start);
        readShape(reader, tensor, what);
        readType(reader, tensor, what);
        tensor.offset = reader.u64(what);
        if (reader.ok())
            note(sum, tensor);
    }
    if (reader.ok())
        checkNames(reader, names);
    return sum;
}

std::uint64_t alignment(ByteReader& reader, const std::map<std::string, GgufValue>& metadata) {
    const auto found = metadata.find("general.alignment");
    if (found == metadata.end())
        return kDefaultAlignment;
    const auto* const value = std::get_if<std::int64_t>(&found->second.value);
    if (value && *value >= 1 && *value <= (1 << 20) && (*value & (*value - 1)) == 0)
        return static_cast<std::uint64_t>(*value);
    reader.fail("\"general.alignment\" is not a power of two", kDamaged, found->second.offset);
    return kDefaultAlignment;
}

/// Every tensor within the file, aligned, and apart from the others.
void checkSpans(ByteReader& reader, GgufTensors& tensors, std::uint64_t alignTo) {
    if (!reader.ok() || tensors.spans.empty())
        return;
    const std::uint64_t table = reader.offset();
    const std::uint64_t dataStart = (table + alignTo - 1) / alignTo * alignTo;
    std::sort(tensors.spans.begin(), tensors.spans.end());
    std::uint64_t end = 0;
    for (const auto& [offset, bytes] : tensors.spans) {
        if (offset % alignTo != 0)
            return reader.fail(
                fmt::format("a tensor at offset {} is not aligned to {}", offset, alignTo),
                kDamaged);
        if (offset < end)
            return reader.fail(fmt::format("two tensors overlap at offset {} of the data", offset),
                               kDamaged);
        end = saturatingAdd(offset, bytes);
    }
    const std::uint64_t expected = saturatingAdd(dataStart, end);
    if (expected > reader.size())
        reader.fail(fmt::format("the tensors end at byte {}, the file {} bytes before", expected,
                                expected - reader.size()),
                    "The file is truncated: download it again.", reader.size());
}

std::uint32_t readVersion(ByteReader& reader) {
    reader.skip(4, "the magic");
    const std::uint32_t version = reader.u32("the version");
    if (!reader.ok() || version == 2 || version == 3)
        return version;
    if ((version & 0xFFFFU) == 0)
        reader.fail("this is a big-endian GGUF file", "Convert the model to little-endian.", 4);
    else
        reader.fail(fmt::format("GGUF version {} is not read; 2 and 3 are", version),
                    "Convert the model with a current llama.cpp.", 4);
    return version;
}

} // namespace

Result<GgufFile> readGgufFile(const std::filesystem::path& path) {
    Result<ByteReader> reader = ByteReader::open(path);
    if (!reader)
        return reader.error();
    GgufFile file;
    file.path = path;
    file.version = readVersion(*reader);
    const std::uint64_t tensors = reader->u64("the tensor count");
    const std::uint64_t pairs = reader->u64("the metadata count");
    file.metadata = readGgufMetadata(*reader, pairs);
    file.tensors = readTensors(*reader, tensors);
    checkSpans(*reader, file.tensors, alignment(*reader, file.metadata));
    if (!reader->ok())
        return reader->error();
    file.tensors.spans = {};
    return file;
}

} // namespace decodescope
