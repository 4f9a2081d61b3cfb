// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace decodescope {

/// How elements are stored: plain types (one element a block) and the block-quantised types of
/// GGUF, whose sizes are those of ggml-common.h.
enum class DataType : std::uint8_t {
    F64,
    F32,
    F16,
    BF16,
    FP8_E4M3,
    FP8_E5M2,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    Int4,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q8_1,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    Q8_K,
    IQ1_S,
    IQ1_M,
    IQ2_XXS,
    IQ2_XS,
    IQ2_S,
    IQ3_XXS,
    IQ3_S,
    IQ4_NL,
    IQ4_XS,
    TQ1_0,
    TQ2_0,
    MXFP4,
    NVFP4,
    Int2,
    Int3,
};

/// Size of one data type. A block is the smallest unit that can be stored.
struct DataTypeInfo {
    DataType type;
    std::string_view name;       ///< as written in options and records: "f16", "q8_0"
    std::uint32_t blockElements; ///< elements in a block
    std::uint32_t blockBytes;    ///< bytes of a block
    bool kvCache;                ///< may hold a KV cache
    bool weights;                ///< may hold weights in a plan

    [[nodiscard]] constexpr double bytesPerElement() const {
        return static_cast<double>(blockBytes) / blockElements;
    }
};

[[nodiscard]] std::span<const DataTypeInfo> dataTypes();
[[nodiscard]] const DataTypeInfo& info(DataType type);
[[nodiscard]] inline std::string_view name(DataType type) {
    return info(type).name;
}
/// By name, case folded; also the aliases "fp16", "float16", "bfloat16", "fp8", "float32", …
[[nodiscard]] std::optional<DataType> parseDataType(std::string_view text);
/// Bytes of `elements` elements stored one after the other, in whole blocks.
[[nodiscard]] std::uint64_t storedBytes(DataType type, std::uint64_t elements);

} // namespace decodescope
