// SPDX-License-Identifier: Apache-2.0
#include "core/import/gguf_fields.h"

#include <fmt/format.h>

namespace decodescope {

const GgufValue* GgufFields::find(const std::string& key) const {
    const auto found = m_file.metadata.find(key);
    return found == m_file.metadata.end() ? nullptr : &found->second;
}

void GgufFields::fail(const std::string& key, std::string what) {
    if (m_error)
        return;
    const GgufValue* value = find(key);
    std::string where = fmt::format("{}, key \"{}\"", m_file.path.string(), key);
    if (value)
        where += fmt::format(", byte {}", value->offset);
    m_error = Error{ErrorCode::FileUnreadable, std::move(what), std::move(where),
                    "Convert or download the model again."};
}

std::string GgufFields::architecture() {
    return text("general.architecture").value_or("");
}

std::string GgufFields::ofModel(std::string_view name) {
    return fmt::format("{}.{}", architecture(), name);
}

bool GgufFields::hasOfModel(std::string_view name) {
    return find(ofModel(name)) != nullptr;
}

std::int64_t GgufFields::checked(const std::string& key, std::int64_t value, std::int64_t most) {
    if (value >= 0 && value <= most)
        return value;
    fail(key, fmt::format("{} is out of range: from 0 to {} is possible", value, most));
    return 0;
}

std::optional<std::int64_t> GgufFields::integer(const std::string& key, std::int64_t most) {
    const GgufValue* value = find(key);
    if (!value)
        return std::nullopt;
    if (const auto* number = std::get_if<std::int64_t>(&value->value))
        return checked(key, *number, most);
    fail(key, value->array ? "one whole number was expected, not an array"
                           : "a whole number was expected");
    return std::nullopt;
}

std::optional<std::int64_t> GgufFields::integerOfModel(std::string_view name, std::int64_t most) {
    return integer(ofModel(name), most);
}

std::int64_t GgufFields::requiredOfModel(std::string_view name, std::int64_t most) {
    const std::string key = ofModel(name);
    const auto value = integer(key, most);
    if (!value)
        fail(key, "this key is missing");
    else if (*value < 1)
        fail(key, "it is 0");
    return value.value_or(0);
}

std::optional<std::vector<std::int64_t>>
GgufFields::perLayerOfModel(std::string_view name, std::int64_t layers, std::int64_t most) {
    const std::string key = ofModel(name);
    const GgufValue* value = find(key);
    if (!value)
        return std::nullopt;
    if (!value->array) {
        const auto one = integer(key, most);
        return std::vector<std::int64_t>(static_cast<std::size_t>(layers), one.value_or(0));
    }
    std::vector<std::int64_t> numbers =
        arrayOfModel(name, layers)
            .value_or(std::vector<std::int64_t>(static_cast<std::size_t>(layers), 0));
    for (std::int64_t& number : numbers)
        number = checked(key, number, most);
    return numbers;
}

std::optional<std::vector<std::int64_t>> GgufFields::arrayOfModel(std::string_view name,
                                                                  std::int64_t layers) {
    const std::string key = ofModel(name);
    const GgufValue* value = find(key);
    if (!value || !value->array)
        return std::nullopt;
    const auto* numbers = std::get_if<std::vector<std::int64_t>>(&value->value);
    if (value->arrayLength != static_cast<std::uint64_t>(layers)) {
        fail(key, fmt::format("the array holds {} values, but \"block_count\" is {}",
                              value->arrayLength, layers));
        return std::nullopt;
    }
    if (!numbers) {
        fail(key, "an array of whole numbers was expected");
        return std::nullopt;
    }
    return *numbers;
}

std::optional<std::string> GgufFields::text(const std::string& key) {
    const GgufValue* value = find(key);
    if (!value)
        return std::nullopt;
    if (const auto* text = std::get_if<std::string>(&value->value))
        return *text;
    fail(key, "a text was expected");
    return std::nullopt;
}

std::uint64_t GgufFields::arrayLength(const std::string& key) const {
    const GgufValue* value = find(key);
    return value && value->array ? value->arrayLength : 0;
}

} // namespace decodescope
