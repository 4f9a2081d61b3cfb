// SPDX-License-Identifier: Apache-2.0
#include "core/spec/units.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace decodescope {
namespace {

constexpr std::size_t kMaxListValues = 4096;

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
        text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
        text.remove_suffix(1);
    return text;
}

/// Takes a number off the front of `text`, in the C locale. A sign is not part of it: nothing here
/// is below zero, and a minus stands between the ends of a range.
std::optional<double> takeNumber(std::string_view& text) {
    double value = 0;
    if (text.starts_with('-'))
        return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || !std::isfinite(value))
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

std::string lowered(std::string_view text) {
    std::string out;
    for (const char c : text)
        out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

Error badValue(std::string_view text, std::string hint) {
    return {ErrorCode::BadUsage, fmt::format("\"{}\" is not understood", text), "",
            std::move(hint)};
}

std::optional<double> byteUnit(const std::string& unit) {
    constexpr double k = 1024;
    if (unit.empty() || unit == "b")
        return 1;
    constexpr std::string_view prefixes = "kmgt";
    const std::size_t power = prefixes.find(unit.front());
    if (power == std::string_view::npos)
        return std::nullopt;
    const std::string rest = unit.substr(1);
    if (rest.empty() || rest == "i" || rest == "ib")
        return std::pow(k, static_cast<double>(power + 1));
    if (rest == "b")
        return std::pow(1000.0, static_cast<double>(power + 1));
    return std::nullopt;
}

} // namespace

std::uint64_t saturatingMultiply(std::uint64_t a, std::uint64_t b) {
    std::uint64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::uint64_t>::max()
                                                  : product;
}

std::uint64_t saturatingAdd(std::uint64_t a, std::uint64_t b) {
    std::uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}

std::uint64_t saturatingRound(double value) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    if (!(value > 0))
        return 0;
    return value < static_cast<double>(most) ? static_cast<std::uint64_t>(std::round(value)) : most;
}

std::string formatBytes(std::uint64_t bytes) {
    if (bytes < kKiB)
        return fmt::format("{} B", bytes);
    constexpr std::array units = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1023.5 && // would be written as 1024
           unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    if (value >= 99.95)
        return fmt::format("{:.0f} {}", value, units[unit]);
    return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string formatCount(std::int64_t count) {
    std::string digits = fmt::format("{}", count);
    const std::size_t first = count < 0 ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

std::string formatRounded(double value) {
    if (!(value > 0) || !std::isfinite(value))
        return "–";
    if (value >= 1000 && value < 1e15)
        return formatCount(std::llround(value));
    const int whole = static_cast<int>(std::floor(std::log10(value))) + 1;
    return fmt::format("{:.{}f}", value, std::clamp(3 - whole, 0, 9));
}

std::string formatTokensShort(std::int64_t tokens) {
    constexpr std::int64_t k = 1024;
    if (tokens >= k * k && tokens % (k * k) == 0)
        return fmt::format("{}M", tokens / (k * k));
    if (tokens >= k && tokens % k == 0)
        return fmt::format("{}K", tokens / k);
    return formatCount(tokens);
}

Result<std::uint64_t> parseBytes(std::string_view text) {
    constexpr const char* hint = "Write a size such as 24GiB, 24GB or 512MiB.";
    std::string_view rest = trimmed(text);
    const std::optional<double> number = takeNumber(rest);
    if (!number)
        return badValue(text, hint);
    const std::optional<double> unit = byteUnit(lowered(trimmed(rest)));
    if (!unit)
        return badValue(text, hint);
    const double bytes = *number * *unit;
    if (bytes >= 9.2e18)
        return badValue(text, "That is more than 8 EiB.");
    return static_cast<std::uint64_t>(std::llround(bytes));
}

Result<double> parseFraction(std::string_view text) {
    std::string_view rest = trimmed(text);
    const std::optional<double> number = takeNumber(rest);
    rest = trimmed(rest);
    if (!number || (!rest.empty() && rest != "%"))
        return badValue(text, "Write a share such as 10% or 0.1.");
    const double fraction = rest == "%" ? *number / 100 : *number;
    if (fraction >= 1)
        return badValue(text, "A share lies between 0 and 100%.");
    return fraction;
}

Result<std::int64_t> parseTokens(std::string_view text) {
    constexpr const char* hint = "Write a token count such as 4096, 64K or 1M (K = 1024).";
    std::string_view rest = trimmed(text);
    const std::optional<double> number = takeNumber(rest);
    const std::string unit = lowered(trimmed(rest));
    double factor = 1;
    if (unit == "k" || unit == "ki")
        factor = 1024;
    else if (unit == "m" || unit == "mi")
        factor = 1024.0 * 1024;
    else if (!unit.empty())
        return badValue(text, hint);
    if (!number || *number * factor > 1e15)
        return badValue(text, hint);
    const double tokens = *number * factor;
    if (tokens != std::floor(tokens))
        return badValue(text, hint);
    return static_cast<std::int64_t>(tokens);
}

namespace {

/// One element of a token list: a value, "a-b", "a-b*f" or "a-b+s".
Status appendTokens(std::string_view item, std::vector<std::int64_t>& out) {
    const std::size_t dash = item.find('-');
    if (dash == std::string_view::npos || dash == 0) { // no count is below zero
        Result<std::int64_t> value = parseTokens(item);
        if (!value)
            return value.error();
        out.push_back(*value);
        return Done{};
    }
    const std::size_t step = item.find_first_of("*+", dash);
    const Result<std::int64_t> first = parseTokens(item.substr(0, dash));
    const Result<std::int64_t> last = parseTokens(item.substr(dash + 1, step - dash - 1));
    const bool multiply = step == std::string_view::npos || item[step] == '*';
    const Result<std::int64_t> by = step == std::string_view::npos
                                        ? Result<std::int64_t>(2)
                                        : parseTokens(item.substr(step + 1));
    for (const Result<std::int64_t>* part : {&first, &last, &by})
        if (!part->ok())
            return badValue(item, part->error().hint);
    if (*first > *last || *first < 1 || *by < (multiply ? 2 : 1))
        return badValue(item, "A range runs upwards, as in 1024-1048576*2 or 1K-8K+1K.");
    for (std::int64_t value = *first;; value = multiply ? value * *by : value + *by) {
        if (out.size() >= kMaxListValues)
            return badValue(item, fmt::format("A list holds at most {} values.", kMaxListValues));
        out.push_back(value);
        // Asked before the step is taken: a product of two counts may not fit 64 bits.
        if (multiply ? value > *last / *by : value > *last - *by)
            return Done{};
    }
}

} // namespace

Result<std::vector<std::int64_t>> parseTokenList(std::string_view text) {
    std::vector<std::int64_t> values;
    std::string_view rest = text;
    while (true) {
        const std::size_t comma = rest.find(',');
        const Status status = appendTokens(trimmed(rest.substr(0, comma)), values);
        if (!status)
            return status.error();
        if (comma == std::string_view::npos)
            return values;
        rest.remove_prefix(comma + 1);
    }
}

} // namespace decodescope
