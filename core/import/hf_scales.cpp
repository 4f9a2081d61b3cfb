// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/import/hf_parts.h"

namespace decodescope {
namespace {

constexpr std::int64_t kMostInputs = 1 << 20;
constexpr std::int64_t kHalf = 2;  ///< bytes of an f16
constexpr std::int64_t kFloat = 4; ///< bytes of an f32, and of an index

std::int64_t bitsOf(DataType type) {
    const DataTypeInfo& stored = info(type);
    return 8 * stored.blockBytes / stored.blockElements;
}

/// Inputs that share a scale; 0, as -1 says, where all of them do.
std::int64_t groupSize(const ConfigReader& config, std::int64_t usual) {
    for (const char* key : {"group_size", "q_group_size"})
        if (config.isNumber(key)) {
            const double size = config.real(key).value_or(0);
            return size > 0 && size <= kMostInputs ? static_cast<std::int64_t>(size) : 0;
        }
    return usual;
}

/// AutoGPTQ and GPTQModel (their QuantLinear): f16 scales and packed zero points of each group and
/// output, also where the quantisation is symmetric, and the group of each input. The layout of
/// Marlin has scales alone.
WeightScales gptqScales(const ConfigReader& quantised, DataType type) {
    const bool marlin = quantised.text({"checkpoint_format"}) == "marlin" ||
                        quantised.boolean("is_marlin_format").value_or(false);
    return {.inputs = groupSize(quantised, 128),
            .scaleBytes = kHalf,
            .zeroBits = marlin ? 0 : bitsOf(type),
            .inputBytes = marlin ? 0 : kFloat};
}

/// AutoAWQ (WQLinear_GEMM): the same without indices.
WeightScales awqScales(const ConfigReader& quantised, DataType type) {
    return {.inputs = groupSize(quantised, 128), .scaleBytes = kHalf, .zeroBits = bitsOf(type)};
}

/// The fp8 of DeepSeek-V3 has an f32 scale for each block ("weight_block_size": outputs, inputs),
/// that of others one for the matrix, and one for its inputs where those are not measured anew.
/// Some write the blocks' scales in bf16 (Qwen3), which no configuration tells.
WeightScales fp8Scales(const ConfigReader& quantised) {
    const auto block = quantised.integers("weight_block_size");
    if (block && block->size() == 2 && std::max((*block)[0], (*block)[1]) <= kMostInputs) {
        quantised.infer("weights_scales");
        return {.inputs = (*block)[1], .outputs = (*block)[0], .scaleBytes = kFloat};
    }
    const bool fixedInputs = quantised.text({"activation_scheme"}) == "static";
    return {.outputs = 0, .scaleBytes = kFloat, .matrixBytes = fixedInputs ? kFloat : 0};
}

/// bitsandbytes: blocks of 64 with an f32 scale, or with one of 8 bit that shares an f32 with 255
/// others, and the tables of both; in 8 bit an f32 for each output. Another description of each
/// matrix, of some hundred bytes, is left out.
WeightScales bitsAndBytesScales(const ConfigReader& quantised, DataType type) {
    if (type == DataType::Int8)
        return {.scaleBytes = kFloat, .matrixBytes = 1};
    quantised.infer("weights_scales");
    constexpr std::int64_t table = 16 * kFloat;
    if (!quantised.boolean("bnb_4bit_use_double_quant").value_or(false))
        return {.inputs = 64, .scaleBytes = kFloat, .matrixBytes = table};
    return {.inputs = 64, .scaleBytes = 1 + kFloat / 256.0, .matrixBytes = table + 256 * kFloat};
}

/// Which weights of a matrix share a scale, as compressed-tensors names it.
void readStrategy(const ConfigReader& weights, WeightScales& scales) {
    const std::string strategy =
        weights.text({"strategy"}).value_or(weights.isNumber("group_size") ? "group" : "tensor");
    if (strategy == "tensor") {
        scales.outputs = 0;
    } else if (strategy == "block") {
        const auto block = weights.integers("block_structure");
        const bool pair = block && block->size() == 2;
        scales.outputs = pair ? std::min((*block)[0], kMostInputs) : 128;
        scales.inputs = pair ? std::min((*block)[1], kMostInputs) : 128;
    } else if (strategy.ends_with("group")) {
        scales.inputs = groupSize(weights, 128);
    }
}

/// compressed-tensors: scales in the type of the model, packed zero points where the quantisation
/// is not symmetric, the group of each input where their order was changed, the shape of a packed
/// matrix as two int64, and a scale of the inputs where those are not measured anew.
WeightScales compressedScales(const ConfigReader& quantised, const ConfigReader& group,
                              DataType type, DataType left) {
    const auto weights = group.child("weights");
    WeightScales scales;
    readStrategy(*weights, scales);
    const auto declared = parseDataType(
        weights->isText("scale_dtype") ? *weights->text({"scale_dtype"}) : std::string(name(left)));
    scales.scaleBytes = info(declared.value_or(left)).bytesPerElement();
    const bool integers = weights->text({"type"}) != "float";
    if (integers && !weights->boolean("symmetric").value_or(true))
        scales.zeroBits = bitsOf(type);
    if (weights->isText("actorder")) {
        const auto order = weights->text({"actorder"});
        scales.inputBytes = order == "group" || order == "dynamic" ? kFloat : 0;
    }
    const auto format = group.has("format") ? group.text({"format"}) : quantised.text({"format"});
    if (integers && format.value_or(type == DataType::Int8 ? "" : "pack").starts_with("pack"))
        scales.matrixBytes += 2 * 8;
    if (const auto inputs = group.child("input_activations"))
        if (inputs->boolean("dynamic") == false)
            scales.matrixBytes += static_cast<std::int64_t>(info(left).bytesPerElement());
    return scales;
}

/// Scales of the whole matrix and of its inputs, in f32, beside what the blocks hold.
constexpr WeightScales kGlobalScales = {.outputs = 0, .scaleBytes = kFloat, .matrixBytes = kFloat};

/// ModelOpt's "W4A16_AWQ" also scales each input; the scales of NVFP4's blocks are in its type.
WeightScales modelOptScales(const ConfigReader& quantised, DataType type) {
    if (type != DataType::Int4)
        return kGlobalScales;
    return {.inputs = groupSize(quantised, 128), .scaleBytes = kHalf, .inputBytes = kHalf};
}

} // namespace

std::optional<ConfigReader> firstGroup(const ConfigReader& quantised) {
    const auto groups = quantised.child("config_groups");
    return groups ? groups->firstChildWith("weights") : std::nullopt;
}

std::optional<WeightScales> readHfScales(const ConfigReader& quantised, const std::string& method,
                                         DataType type, DataType left) {
    if (type == DataType::MXFP4)
        return std::nullopt;
    if (method == "gptq")
        return gptqScales(quantised, type);
    if (method == "awq")
        return awqScales(quantised, type);
    if (method == "fp8")
        return fp8Scales(quantised);
    if (method == "fbgemm_fp8")
        return WeightScales{.scaleBytes = kFloat, .matrixBytes = kFloat};
    if (method == "bitsandbytes")
        return bitsAndBytesScales(quantised, type);
    if (method == "modelopt")
        return modelOptScales(quantised, type);
    const auto group = firstGroup(quantised);
    if (group && group->child("weights"))
        return type == DataType::NVFP4 ? kGlobalScales
                                       : compressedScales(quantised, *group, type, left);
    quantised.note("What this method stores beside its weights is not known, and left out.");
    return std::nullopt;
}

} // namespace decodescope
