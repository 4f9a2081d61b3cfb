// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/spec/result.h"
#include "core/spec/workload.h"

namespace CLI {
class App;
}

namespace decodescope {

/// --model and the shape by hand. Values given by hand override the model's own.
struct ModelOptions {
    std::string model;
    std::optional<std::int64_t> layers, heads, headDim, window, hidden, ffn, vocab;
    std::optional<std::int64_t> shareCache; ///< layers in a row with one cache
    std::string kvHeads;                    ///< a list sweeps variants
    std::string attention;                  ///< a list of mha, gqa, mqa

    void add(CLI::App& command);
    /// The model as it is. Errors: those of presets and readers, BadUsage for a bad shape.
    [[nodiscard]] Result<ModelSpec> resolve() const;
    /// The variants asked for, or the default set. Errors: BadUsage.
    [[nodiscard]] Result<std::vector<Variant>> variants(const ModelSpec& model) const;

private:
    [[nodiscard]] Result<ModelSpec> shapedModel() const; ///< each layer with a cache of its own
    [[nodiscard]] ModelSpec overridden(const ModelSpec& original) const;
};

} // namespace decodescope
