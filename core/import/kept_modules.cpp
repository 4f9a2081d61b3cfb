// SPDX-License-Identifier: Apache-2.0
#include "core/import/kept_modules.h"

#include <algorithm>
#include <charconv>

namespace decodescope {
namespace {

constexpr std::string_view kLayers = "layers.";
constexpr std::size_t kLongest = 256; ///< characters of a pattern: no module has a longer name

/// A regular expression of module names as a glob.
std::string globOf(std::string_view expression) {
    std::string glob;
    for (std::size_t i = 0; i < expression.size(); ++i) {
        const char c = expression[i];
        if (c == '^' || c == '$' || c == '\\')
            continue;
        const bool any = c == '.' && i + 1 < expression.size() && expression[i + 1] == '*' &&
                         (i == 0 || expression[i - 1] != '\\');
        glob += any ? '*' : c;
        i += any ? 1 : 0;
    }
    return glob;
}

/// Whether `pattern` is the beginning of `text`, up to its end or a dot. Of the last * alone other
/// lengths need be tried, so that no pattern takes long.
bool beginsWith(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t starText = 0;
    while (true) {
        if (p == pattern.size() && (t == text.size() || text[t] == '.'))
            return true;
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            starText = t;
        } else if (p < pattern.size() && t < text.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos && starText < text.size()) {
            p = star + 1;
            t = ++starText;
        } else {
            return false;
        }
    }
}

} // namespace

bool namesPart(std::string_view pattern, std::string_view name) {
    for (std::size_t at = 0; at < name.size();) {
        if (beginsWith(pattern, name.substr(at)))
            return true;
        const std::size_t dot = name.find('.', at);
        at = dot == std::string_view::npos ? name.size() : dot + 1;
    }
    return false;
}

KeptModules::KeptModules(const std::vector<std::string>& list) {
    for (const std::string& entry : list) {
        std::string pattern = entry.starts_with("re:") ? globOf(entry.substr(3)) : entry;
        if (pattern.empty() || pattern.size() > kLongest)
            continue;
        const std::size_t layers = pattern.find(kLayers);
        if (layers == std::string::npos) {
            m_general.push_back(std::move(pattern));
            continue;
        }
        pattern.erase(0, layers + kLayers.size());
        std::int64_t layer = 0;
        const char* const end = pattern.data() + pattern.size();
        const auto [rest, failure] = std::from_chars(pattern.data(), end, layer);
        if (failure == std::errc() && (rest == end || *rest == '.'))
            m_byLayer[layer].push_back(rest == end ? "*" : std::string(rest + 1, end));
        else
            m_general.push_back(std::string(kLayers) + pattern);
    }
}

bool KeptModules::contain(std::string_view module) const {
    return std::any_of(m_general.begin(), m_general.end(),
                       [&](const std::string& pattern) { return namesPart(pattern, module); });
}

bool KeptModules::containInAll(std::string_view module) const {
    return contain(std::string(kLayers) + "0." + std::string(module));
}

bool KeptModules::containIn(std::int64_t layer, std::string_view module) const {
    const auto own = m_byLayer.find(layer);
    return own != m_byLayer.end() &&
           std::any_of(own->second.begin(), own->second.end(),
                       [&](const std::string& pattern) { return beginsWith(pattern, module); });
}

} // namespace decodescope
