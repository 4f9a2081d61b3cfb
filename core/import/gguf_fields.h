// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/import/gguf_file.h"

namespace decodescope {

/// Typed reading of a GGUF file's metadata. The first failure sticks and names file, key and byte
/// offset; what is read after it is worthless. Precondition: the file outlives this.
class GgufFields {
public:
    explicit GgufFields(const GgufFile& file) : m_file(file) {}

    [[nodiscard]] bool ok() const { return !m_error; }
    [[nodiscard]] const Error& error() const { return *m_error; } ///< precondition: !ok()

    /// general.architecture, the prefix of the model's own keys.
    [[nodiscard]] std::string architecture();
    [[nodiscard]] bool hasOfModel(std::string_view name);

    /// From 0 to `most`; nothing if the key is missing.
    [[nodiscard]] std::optional<std::int64_t> integer(const std::string& key, std::int64_t most);
    [[nodiscard]] std::optional<std::int64_t> integerOfModel(std::string_view name,
                                                             std::int64_t most);
    /// From 1 to `most`; a failure if the key is missing.
    [[nodiscard]] std::int64_t requiredOfModel(std::string_view name, std::int64_t most);
    /// One number for each layer, from an array of that length or one number for all. Numbers from
    /// 0 to `most`; nothing if the key is missing.
    [[nodiscard]] std::optional<std::vector<std::int64_t>>
    perLayerOfModel(std::string_view name, std::int64_t layers, std::int64_t most);
    /// An array of one number a layer; nothing if the key is missing or no array.
    [[nodiscard]] std::optional<std::vector<std::int64_t>> arrayOfModel(std::string_view name,
                                                                        std::int64_t layers);
    [[nodiscard]] std::optional<std::string> text(const std::string& key);
    /// 0 if the key is missing or no array.
    [[nodiscard]] std::uint64_t arrayLength(const std::string& key) const;

    void fail(const std::string& key, std::string what);

private:
    [[nodiscard]] const GgufValue* find(const std::string& key) const;
    [[nodiscard]] std::string ofModel(std::string_view name);
    std::int64_t checked(const std::string& key, std::int64_t value, std::int64_t most);

    const GgufFile& m_file;
    std::optional<Error> m_error;
};

} // namespace decodescope
