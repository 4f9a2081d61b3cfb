// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/spec/result.h"

namespace decodescope {

/// No count of a model is larger; keeps products of two counts within 64 bits.
inline constexpr std::int64_t kMaxConfigCount = (std::int64_t{1} << 31) - 1;

/// What reading a configuration gathers on the way. The first failure sticks.
struct ConfigLog {
    std::string file;
    std::optional<Error> error;
    std::vector<std::string> inferred;
    std::vector<std::string> notes;
};

/// The names one quantity has in different families, the usual one first.
using KeyNames = std::initializer_list<const char*>;

/// Typed reading of one object of a config.json. A key whose value is null counts as missing.
/// Failures go to the log, with file and key; what is read after one is worthless.
/// Precondition: object and log outlive this.
class ConfigReader {
public:
    ConfigReader(const nlohmann::json& object, ConfigLog& log, std::string prefix = {})
        : m_object(object), m_log(log), m_prefix(std::move(prefix)) {}

    [[nodiscard]] bool ok() const { return !m_log.error; }
    [[nodiscard]] bool isNested() const { return !m_prefix.empty(); }
    [[nodiscard]] bool has(const char* key) const { return find(key) != nullptr; }
    [[nodiscard]] bool isNumber(const char* key) const;
    [[nodiscard]] bool isText(const char* key) const;

    /// From 0 to `most`; nothing if no name is there. An array of one number for each layer counts
    /// as that number where all are the same, and is a failure where they are not.
    [[nodiscard]] std::optional<std::int64_t> integer(KeyNames names,
                                                      std::int64_t most = kMaxConfigCount) const;
    /// From 1 to `most`; a failure if no name is there.
    [[nodiscard]] std::int64_t required(KeyNames names, std::int64_t most = kMaxConfigCount) const;
    /// The value, or `fallback` with `term` noted as inferred.
    [[nodiscard]] std::int64_t orInferred(KeyNames names, std::int64_t fallback,
                                          std::string_view term,
                                          std::int64_t most = kMaxConfigCount) const;
    /// A number with or without a fraction; nothing if the key is missing.
    [[nodiscard]] std::optional<double> real(const char* key) const;
    [[nodiscard]] std::optional<bool> boolean(const char* key) const;
    [[nodiscard]] std::optional<std::string> text(KeyNames names) const;
    /// An array of one number for each of `layers` layers, from 0 to `most`; nothing if no name is
    /// there or it holds a number for all.
    [[nodiscard]] std::optional<std::vector<std::int64_t>>
    integersByLayer(KeyNames names, std::int64_t layers, std::int64_t most = kMaxConfigCount) const;
    /// Nothing if the key is missing or no array.
    [[nodiscard]] std::optional<std::vector<std::int64_t>> integers(const char* key) const;
    [[nodiscard]] std::optional<std::vector<std::string>> texts(const char* key) const;
    /// The names of all that this object holds.
    [[nodiscard]] std::vector<std::string> keys() const;
    /// The object under `key`; nothing if it is missing or no object.
    [[nodiscard]] std::optional<ConfigReader> child(const char* key) const;

    /// The first object within this one that has `key`; nothing if none does.
    [[nodiscard]] std::optional<ConfigReader> firstChildWith(const char* key) const;
    /// Length of the array under `key`; 0 if it is missing or no array.
    [[nodiscard]] std::size_t size(const char* key) const;
    /// The object at `index` of that array; nothing if it is no object. Precondition: index < size.
    [[nodiscard]] std::optional<ConfigReader> element(const char* key, std::size_t index) const;

    void infer(std::string_view term) const;
    void note(std::string sentence) const { m_log.notes.push_back(std::move(sentence)); }
    void fail(const std::string& key, std::string what) const;

private:
    [[nodiscard]] const nlohmann::json* find(const char* key) const;
    [[nodiscard]] std::optional<std::int64_t>
    number(const std::string& key, const nlohmann::json& value, std::int64_t most) const;

    const nlohmann::json& m_object;
    ConfigLog& m_log;
    std::string m_prefix; ///< "text_config." of a nested object
};

} // namespace decodescope
