// SPDX-License-Identifier: Apache-2.0
#include "core/import/config_reader.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace decodescope {

using Json = nlohmann::json;

const Json* ConfigReader::find(const char* key) const {
    const auto found = m_object.find(key);
    return found == m_object.end() || found->is_null() ? nullptr : &*found;
}

bool ConfigReader::isNumber(const char* key) const {
    const Json* value = find(key);
    return value && value->is_number();
}

bool ConfigReader::isText(const char* key) const {
    const Json* value = find(key);
    return value && value->is_string();
}

void ConfigReader::fail(const std::string& key, std::string what) const {
    if (m_log.error)
        return;
    m_log.error = Error{ErrorCode::FileUnreadable, std::move(what),
                        fmt::format("{}, key \"{}{}\"", m_log.file, m_prefix, key),
                        "Check the file, or download it again."};
}

void ConfigReader::infer(std::string_view term) const {
    if (std::find(m_log.inferred.begin(), m_log.inferred.end(), term) == m_log.inferred.end())
        m_log.inferred.emplace_back(term);
}

std::optional<std::int64_t> ConfigReader::number(const std::string& key, const Json& value,
                                                 std::int64_t most) const {
    // 131072.0 is a whole number too, as some tools write it.
    const bool whole =
        value.is_number_integer() ||
        (value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>());
    if (!whole) {
        fail(key, fmt::format("a whole number was expected, not {}", value.type_name()));
        return std::nullopt;
    }
    const double size = value.get<double>();
    if (size < 0 || size > static_cast<double>(most)) {
        fail(key, fmt::format("{} is out of range: from 0 to {} is possible",
                              value.dump().substr(0, 40), most));
        return std::nullopt;
    }
    return value.is_number_float() ? static_cast<std::int64_t>(size) : value.get<std::int64_t>();
}

std::optional<std::int64_t> ConfigReader::integer(KeyNames names, std::int64_t most) const {
    for (const char* name : names)
        if (const Json* value = find(name)) {
            const bool list = value->is_array() && !value->empty();
            if (list && std::any_of(value->begin(), value->end(),
                                    [&](const Json& each) { return each != value->front(); })) {
                fail(name, "the number differs from layer to layer, which is not read of this key");
                return std::nullopt;
            }
            return number(name, list ? value->front() : *value, most);
        }
    return std::nullopt;
}

std::optional<std::vector<std::int64_t>>
ConfigReader::integersByLayer(KeyNames names, std::int64_t layers, std::int64_t most) const {
    for (const char* name : names) {
        const auto numbers = integers(name);
        if (!numbers)
            continue;
        if (ok() && numbers->size() != static_cast<std::size_t>(layers))
            fail(name, fmt::format("the array holds {} values, but the model has {} layers",
                                   numbers->size(), layers));
        for (const std::int64_t each : *numbers)
            if (ok() && each > most)
                fail(name, fmt::format("{} is out of range: from 0 to {} is possible", each, most));
        return ok() ? numbers : std::nullopt;
    }
    return std::nullopt;
}

std::int64_t ConfigReader::required(KeyNames names, std::int64_t most) const {
    for (const char* name : names) {
        if (!has(name))
            continue;
        const std::int64_t value = integer({name}, most).value_or(0);
        if (value < 1)
            fail(name, "it is 0");
        return value;
    }
    fail(*names.begin(), "this key is missing");
    return 0;
}

std::int64_t ConfigReader::orInferred(KeyNames names, std::int64_t fallback, std::string_view term,
                                      std::int64_t most) const {
    if (const auto value = integer(names, most))
        return *value;
    infer(term);
    return fallback;
}

std::optional<double> ConfigReader::real(const char* key) const {
    const Json* value = find(key);
    if (value && !value->is_number())
        fail(key, fmt::format("a number was expected, not {}", value->type_name()));
    return value && value->is_number() ? std::optional(value->get<double>()) : std::nullopt;
}

std::optional<bool> ConfigReader::boolean(const char* key) const {
    const Json* value = find(key);
    if (!value)
        return std::nullopt;
    if (value->is_boolean())
        return value->get<bool>();
    fail(key, fmt::format("true or false was expected, not {}", value->type_name()));
    return std::nullopt;
}

std::optional<std::string> ConfigReader::text(KeyNames names) const {
    for (const char* name : names) {
        const Json* value = find(name);
        if (!value)
            continue;
        if (value->is_string())
            return value->get<std::string>();
        fail(name, fmt::format("a text was expected, not {}", value->type_name()));
    }
    return std::nullopt;
}

std::optional<std::vector<std::int64_t>> ConfigReader::integers(const char* key) const {
    const Json* value = find(key);
    if (!value || !value->is_array())
        return std::nullopt;
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < value->size() && ok(); ++i)
        out.push_back(
            number(fmt::format("{}[{}]", key, i), (*value)[i], kMaxConfigCount).value_or(0));
    return out;
}

std::optional<std::vector<std::string>> ConfigReader::texts(const char* key) const {
    const Json* value = find(key);
    if (!value || !value->is_array())
        return std::nullopt;
    std::vector<std::string> out;
    for (std::size_t i = 0; i < value->size() && ok(); ++i) {
        if ((*value)[i].is_string())
            out.push_back((*value)[i].get<std::string>());
        else
            fail(fmt::format("{}[{}]", key, i), "a text was expected");
    }
    return out;
}

std::vector<std::string> ConfigReader::keys() const {
    std::vector<std::string> names;
    for (const auto& [name, value] : m_object.items())
        names.push_back(name);
    return names;
}

std::optional<ConfigReader> ConfigReader::child(const char* key) const {
    const Json* value = find(key);
    if (!value || !value->is_object())
        return std::nullopt;
    return ConfigReader(*value, m_log, fmt::format("{}{}.", m_prefix, key));
}

std::optional<ConfigReader> ConfigReader::firstChildWith(const char* key) const {
    for (const auto& [name, value] : m_object.items())
        if (value.is_object() && value.contains(key))
            return ConfigReader(value, m_log, fmt::format("{}{}.", m_prefix, name));
    return std::nullopt;
}

std::size_t ConfigReader::size(const char* key) const {
    const Json* value = find(key);
    return value && value->is_array() ? value->size() : 0;
}

std::optional<ConfigReader> ConfigReader::element(const char* key, std::size_t index) const {
    const Json& value = (*find(key))[index];
    if (!value.is_object())
        return std::nullopt;
    return ConfigReader(value, m_log, fmt::format("{}{}[{}].", m_prefix, key, index));
}

} // namespace decodescope
