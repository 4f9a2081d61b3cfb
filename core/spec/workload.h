// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/spec/cache_law.h"
#include "core/spec/model_spec.h"

namespace decodescope {

/// What one timed step contains. The two are different quantities and never share a label.
enum class Scope : std::uint8_t {
    Attention, ///< the attention of all layers, nothing else
    Step,      ///< a whole decode step: every layer and the LM head, with weights
};
[[nodiscard]] std::string_view name(Scope scope);
[[nodiscard]] std::optional<Scope> parseScope(std::string_view text);

/// More threads than any machine of today has: above it a number is a mistake.
inline constexpr int kMaxThreads = 4096;
/// Errors: BadUsage at `where` for a number below zero or above kMaxThreads. 0 stands for all.
[[nodiscard]] Status checkThreads(int threads, const char* where);

/// What to plan or measure with one model on one device.
struct Workload {
    std::vector<std::int64_t> contexts = {1024, 2048, 4096, 8192, 16384, 32768};
    std::vector<std::int64_t> batches = {1};
    Scope scope = Scope::Attention;
    KvTypes kvTypes;
    DataType weightsType = DataType::F16;
    double reserveFraction = 0.10; ///< of the device's memory, kept free
    double maxSeconds = 60;        ///< time budget of the whole run
    double targetError = 0.02;     ///< half-width of the 95 % interval over the median
    std::uint64_t seed = 1;
    int threads = 0; ///< 0: all the device offers
    bool operator==(const Workload&) const = default;
};

/// One attention variant of a model.
struct Variant {
    std::string label;     ///< "MHA", "GQA-8" (8 KV heads), "MQA", "MLA"
    std::string attention; ///< "mha", "gqa", "mqa", "mla", …
    bool whatIf = false;   ///< not what the model is, but what it would be
    ModelSpec model;
    bool operator==(const Variant&) const = default;
};

/// The model as it is.
[[nodiscard]] Variant asIs(const ModelSpec& model);
/// The model with another number of KV heads. Errors: as withKvHeads().
[[nodiscard]] Result<Variant> variantWithKvHeads(const ModelSpec& model, std::int64_t nKvHeads);
/// The default set: the model as MHA, GQA and MQA, most KV heads first. The GQA member is the
/// model itself where it is one, otherwise 8 KV heads where they divide the query heads. A model
/// whose KV heads cannot change is the only member.
[[nodiscard]] std::vector<Variant> defaultVariants(const ModelSpec& model);

void to_json(nlohmann::json& json, const Workload& workload);
/// Throws nlohmann::json::exception naming the key (BadField), as the next one does.
void from_json(const nlohmann::json& json, Workload& workload);
void to_json(nlohmann::json& json, const Variant& variant);
void from_json(const nlohmann::json& json, Variant& variant);

/// "q8_0" for both, or "q8_0/q4_0" for keys and values. Errors: BadUsage for what is no type of a
/// cache.
[[nodiscard]] Result<KvTypes> parseKvTypes(std::string_view text);
/// As parseKvTypes() reads it.
[[nodiscard]] std::string cacheInWords(KvTypes types);

/// The keys of data types in a record: "kv_dtype" is the keys' type; "value_dtype" is there only
/// where the values have another.
void writeKvTypes(nlohmann::json& json, KvTypes types);
[[nodiscard]] KvTypes readKvTypes(const nlohmann::json& json);
/// Throws BadField for a name that is no data type.
[[nodiscard]] DataType readDataType(const nlohmann::json& json, const char* key);
[[nodiscard]] Scope readScope(const nlohmann::json& json, const char* key);

} // namespace decodescope
