// SPDX-License-Identifier: Apache-2.0
#include "core/spec/workload.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace decodescope {
namespace {

constexpr std::int64_t kUsualGqaHeads = 8;

std::string labelFor(const std::string& attention, std::int64_t nKvHeads) {
    if (attention == "gqa")
        return fmt::format("GQA-{}", nKvHeads);
    std::string label = attention;
    std::transform(label.begin(), label.end(), label.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return label;
}

} // namespace

std::string_view name(Scope scope) {
    return scope == Scope::Attention ? "attention" : "step";
}

std::optional<Scope> parseScope(std::string_view text) {
    if (text == "attention")
        return Scope::Attention;
    if (text == "step")
        return Scope::Step;
    return std::nullopt;
}

Variant asIs(const ModelSpec& model) {
    const LayerSpec* layer = model.attentionLayer();
    const std::string attention = layer ? attentionName(*layer) : "recurrent";
    return {labelFor(attention, layer ? layer->nKvHeads : 0), attention, false, model};
}

Result<Variant> variantWithKvHeads(const ModelSpec& model, std::int64_t nKvHeads) {
    Result<ModelSpec> changed = withKvHeads(model, nKvHeads);
    if (!changed)
        return changed.error();
    Variant variant = asIs(*changed);
    variant.whatIf = !(variant.model == model);
    return variant;
}

std::vector<Variant> defaultVariants(const ModelSpec& model) {
    const LayerSpec* layer = model.attentionLayer();
    if (!layer || layer->attention != AttentionKind::Softmax)
        return {asIs(model)};
    std::vector<std::int64_t> counts = {layer->nHeads, layer->nKvHeads, 1};
    const bool isGqa = layer->nKvHeads > 1 && layer->nKvHeads < layer->nHeads;
    if (!isGqa && layer->nHeads > kUsualGqaHeads && layer->nHeads % kUsualGqaHeads == 0)
        counts.push_back(kUsualGqaHeads);
    std::sort(counts.begin(), counts.end(), std::greater<>());
    counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
    std::vector<Variant> variants;
    for (const std::int64_t count : counts)
        if (Result<Variant> variant = variantWithKvHeads(model, count); variant)
            variants.push_back(std::move(*variant));
    if (variants.empty())
        variants.push_back(asIs(model));
    return variants;
}

} // namespace decodescope
