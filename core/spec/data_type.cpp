// SPDX-License-Identifier: Apache-2.0
#include "core/spec/data_type.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "core/spec/units.h"

namespace decodescope {
namespace {

using enum DataType;

constexpr std::array kTypes = {
    DataTypeInfo{F64, "f64", 1, 8, false, true},
    DataTypeInfo{F32, "f32", 1, 4, true, true},
    DataTypeInfo{F16, "f16", 1, 2, true, true},
    DataTypeInfo{BF16, "bf16", 1, 2, true, true},
    DataTypeInfo{FP8_E4M3, "fp8_e4m3", 1, 1, true, true},
    DataTypeInfo{FP8_E5M2, "fp8_e5m2", 1, 1, false, true},
    DataTypeInfo{Int8, "int8", 1, 1, true, true},
    DataTypeInfo{Int16, "int16", 1, 2, false, false},
    DataTypeInfo{Int32, "int32", 1, 4, false, false},
    DataTypeInfo{Int64, "int64", 1, 8, false, false},
    DataTypeInfo{UInt8, "uint8", 1, 1, false, false},
    DataTypeInfo{Int4, "int4", 2, 1, false, true},
    DataTypeInfo{Q4_0, "q4_0", 32, 18, true, true},
    DataTypeInfo{Q4_1, "q4_1", 32, 20, false, true},
    DataTypeInfo{Q5_0, "q5_0", 32, 22, false, true},
    DataTypeInfo{Q5_1, "q5_1", 32, 24, false, true},
    DataTypeInfo{Q8_0, "q8_0", 32, 34, true, true},
    DataTypeInfo{Q8_1, "q8_1", 32, 36, false, true},
    DataTypeInfo{Q2_K, "q2_k", 256, 84, false, true},
    DataTypeInfo{Q3_K, "q3_k", 256, 110, false, true},
    DataTypeInfo{Q4_K, "q4_k", 256, 144, false, true},
    DataTypeInfo{Q5_K, "q5_k", 256, 176, false, true},
    DataTypeInfo{Q6_K, "q6_k", 256, 210, false, true},
    DataTypeInfo{Q8_K, "q8_k", 256, 292, false, true},
    DataTypeInfo{IQ1_S, "iq1_s", 256, 50, false, true},
    DataTypeInfo{IQ1_M, "iq1_m", 256, 56, false, true},
    DataTypeInfo{IQ2_XXS, "iq2_xxs", 256, 66, false, true},
    DataTypeInfo{IQ2_XS, "iq2_xs", 256, 74, false, true},
    DataTypeInfo{IQ2_S, "iq2_s", 256, 82, false, true},
    DataTypeInfo{IQ3_XXS, "iq3_xxs", 256, 98, false, true},
    DataTypeInfo{IQ3_S, "iq3_s", 256, 110, false, true},
    DataTypeInfo{IQ4_NL, "iq4_nl", 32, 18, false, true},
    DataTypeInfo{IQ4_XS, "iq4_xs", 256, 136, false, true},
    DataTypeInfo{TQ1_0, "tq1_0", 256, 54, false, true},
    DataTypeInfo{TQ2_0, "tq2_0", 256, 66, false, true},
    DataTypeInfo{MXFP4, "mxfp4", 32, 17, false, true},
    DataTypeInfo{NVFP4, "nvfp4", 64, 36, false, true},
    DataTypeInfo{Int2, "int2", 4, 1, false, true},
    DataTypeInfo{Int3, "int3", 32, 12, false, true},
};

constexpr bool inEnumOrder() {
    for (std::size_t i = 0; i < kTypes.size(); ++i)
        if (static_cast<std::size_t>(kTypes[i].type) != i)
            return false;
    return true;
}
static_assert(inEnumOrder(), "kTypes is indexed by DataType");

struct Alias {
    std::string_view text;
    DataType type;
};

constexpr Alias kAliases[] = {
    {"fp32", F32},
    {"float32", F32},
    {"float", F32},
    {"float64", F64},
    {"fp16", F16},
    {"float16", F16},
    {"half", F16},
    {"bfloat16", BF16},
    {"fp8", FP8_E4M3},
    {"float8_e4m3fn", FP8_E4M3},
    {"f8_e4m3", FP8_E4M3},
    {"f8_e5m2", FP8_E5M2},
    {"float8_e5m2", FP8_E5M2},
    {"i8", Int8},
    {"i16", Int16},
    {"i32", Int32},
    {"i64", Int64},
    {"u8", UInt8},
    {"q4_k_m", Q4_K},
    {"q4_k_s", Q4_K},
    {"q5_k_m", Q5_K},
    {"q5_k_s", Q5_K},
};

} // namespace

std::span<const DataTypeInfo> dataTypes() {
    return kTypes;
}

const DataTypeInfo& info(DataType type) {
    return kTypes[static_cast<std::size_t>(type)];
}

std::optional<DataType> parseDataType(std::string_view text) {
    std::string folded(text);
    std::transform(folded.begin(), folded.end(), folded.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const DataTypeInfo& entry : kTypes)
        if (entry.name == folded)
            return entry.type;
    for (const auto& [alias, type] : kAliases)
        if (alias == folded)
            return type;
    return std::nullopt;
}

std::uint64_t storedBytes(DataType type, std::uint64_t elements) {
    const DataTypeInfo& t = info(type);
    const std::uint64_t blocks = elements / t.blockElements + (elements % t.blockElements != 0);
    return saturatingMultiply(blocks, t.blockBytes);
}

} // namespace decodescope
