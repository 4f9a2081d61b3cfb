// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope {

/// The modules that a quantisation leaves as they were, as its configuration lists them: names
/// ("lm_head"), globs ("model.layers.*.self_attn") and, behind "re:", the few signs of regular
/// expressions that such lists use (".*", "\.", "^", "$"). What stands before "layers." is passed
/// over, since larger models put their own names there.
class KeptModules {
public:
    explicit KeptModules(const std::vector<std::string>& list);

    [[nodiscard]] bool empty() const { return m_general.empty() && m_byLayer.empty(); }
    /// Whether a module outside the layers is listed.
    [[nodiscard]] bool contain(std::string_view module) const;
    /// Whether a module of the layers is ("self_attn.q_proj"): of all of them at once, or of this
    /// one by its number.
    [[nodiscard]] bool containInAll(std::string_view module) const;
    [[nodiscard]] bool containIn(std::int64_t layer, std::string_view module) const;

private:
    std::vector<std::string> m_general;                         ///< of all layers, or of none
    std::map<std::int64_t, std::vector<std::string>> m_byLayer; ///< behind "layers.N."
};

/// Whether `pattern`, in which * stands for any text, is a run of whole parts of the dotted `name`.
[[nodiscard]] bool namesPart(std::string_view pattern, std::string_view name);

} // namespace decodescope
