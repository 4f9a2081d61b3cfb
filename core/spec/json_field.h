// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace decodescope {

/// A key of a record that is missing or holds what it should not; the message names the key.
class BadField : public nlohmann::json::exception {
public:
    explicit BadField(const std::string& message) : exception(kId, message.c_str()) {}

private:
    static constexpr int kId = 600; ///< the JSON library's own numbers end below
};

namespace json_field {

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

/// True where the value is what T needs: no number is cut, wrapped or made from a text.
template <typename T>
[[nodiscard]] bool holds(const nlohmann::json& value) {
    if constexpr (std::is_same_v<T, bool>) {
        return value.is_boolean();
    } else if constexpr (std::is_integral_v<T>) {
        return value.is_number_integer() &&
               (value.is_number_unsigned() ? std::in_range<T>(value.template get<std::uint64_t>())
                                           : std::in_range<T>(value.template get<std::int64_t>()));
    } else if constexpr (std::is_floating_point_v<T>) {
        return value.is_number();
    } else if constexpr (std::is_same_v<T, std::string>) {
        return value.is_string();
    } else if constexpr (IsVector<T>::value) {
        if (!value.is_array())
            return false;
        for (const nlohmann::json& item : value)
            if (!holds<typename T::value_type>(item))
                return false;
        return true;
    } else {
        return value.is_object();
    }
}

template <typename T>
[[nodiscard]] constexpr const char* expected() {
    if constexpr (std::is_same_v<T, bool>)
        return "true or false";
    else if constexpr (std::is_integral_v<T>)
        return std::is_unsigned_v<T> ? "a whole number from 0" : "a whole number";
    else if constexpr (std::is_floating_point_v<T>)
        return "a number";
    else if constexpr (std::is_same_v<T, std::string>)
        return "a text";
    else if constexpr (IsVector<T>::value)
        return "a list of its kind";
    else
        return "an object";
}

[[noreturn]] void failMissing(const char* key);
[[noreturn]] void failType(const char* key, const char* expected, const nlohmann::json& value);
[[noreturn]] void failInside(const char* key, const nlohmann::json::exception& cause);

template <typename T>
void get(const nlohmann::json& value, const char* key, T& out) {
    if (!holds<T>(value))
        failType(key, expected<T>(), value);
    if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
        value.get_to(out);
    } else {
        try {
            value.get_to(out);
        } catch (const nlohmann::json::exception& cause) {
            failInside(key, cause);
        }
    }
}

[[nodiscard]] inline const nlohmann::json& at(const nlohmann::json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end())
        failMissing(key);
    return *found;
}

} // namespace json_field

/// Reads a key that must be there. Throws BadField.
template <typename T>
void readField(const nlohmann::json& json, const char* key, T& out) {
    json_field::get(json_field::at(json, key), key, out);
}
/// Reads a key that a newer version added: `out` stays as it is where the key is absent or null.
/// Throws BadField for a wrong type.
template <typename T>
void readFieldIfThere(const nlohmann::json& json, const char* key, T& out) {
    if (const auto found = json.find(key); found != json.end() && !found->is_null())
        json_field::get(*found, key, out);
}
/// Reads a key that must be there and may be null; null leaves `out` as it is. Throws BadField.
template <typename T>
void readFieldOrNull(const nlohmann::json& json, const char* key, T& out) {
    if (const nlohmann::json& value = json_field::at(json, key); !value.is_null())
        json_field::get(value, key, out);
}
template <typename T>
void readFieldOrNull(const nlohmann::json& json, const char* key, std::optional<T>& out) {
    const nlohmann::json& value = json_field::at(json, key);
    if (value.is_null())
        out.reset();
    else
        json_field::get(value, key, out.emplace());
}
/// The value, or null.
template <typename T>
[[nodiscard]] nlohmann::json orNull(const std::optional<T>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

} // namespace decodescope
