// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/configuration.h"

#include <algorithm>

namespace decodescope {
namespace {

constexpr std::int64_t kUsualContext = 8192;

/// Parameter counts follow the changed shape; what a file said of its bytes is dropped.
void recountWeights(ModelSpec& model) {
    model.weights.exactBytes.reset();
    if (model.hiddenSize == 0) {
        model.weights.parameters.reset();
        model.weights.activeParameters.reset();
        return;
    }
    std::uint64_t all = embeddingParameters(model);
    std::uint64_t active = all;
    for (const LayerSpec& layer : model.layers) {
        all += layerParameters(model, layer);
        active += activeLayerParameters(model, layer);
    }
    model.weights.parameters = all;
    model.weights.activeParameters = active;
}

void apply(const ShapeOverrides& shape, LayerSpec& layer) {
    if (layer.attention != AttentionKind::Softmax)
        return;
    layer.nHeads = shape.nHeads.value_or(layer.nHeads);
    layer.nKvHeads = shape.nKvHeads.value_or(layer.nKvHeads);
    layer.headDimK = shape.headDim.value_or(layer.headDimK);
    layer.headDimV = shape.headDim.value_or(layer.headDimV);
    layer.window = shape.window.value_or(layer.window);
}

} // namespace

std::optional<std::int64_t> layersPerCache(const ModelSpec& model) {
    std::vector<bool> owners;
    for (const LayerSpec& layer : model.layers)
        if (layer.attention == AttentionKind::Softmax || layer.attention == AttentionKind::Mla)
            owners.push_back(layer.ownsCache);
    if (owners.empty())
        return 1;
    const auto second = std::find(owners.begin() + 1, owners.end(), true);
    const std::int64_t count = second - owners.begin();
    for (std::size_t i = 0; i < owners.size(); ++i)
        if (owners[i] != (static_cast<std::int64_t>(i) % count == 0))
            return std::nullopt;
    return count;
}

Result<ModelSpec> effectiveModel(const Configuration& configuration) {
    ModelSpec model = configuration.model;
    const ShapeOverrides& shape = configuration.shape;
    if (shape.any() && !model.layers.empty()) {
        if (shape.layers) {
            const std::vector<LayerSpec> pattern = model.layers;
            model.layers.resize(static_cast<std::size_t>(*shape.layers));
            for (std::size_t i = 0; i < model.layers.size(); ++i)
                model.layers[i] = pattern[i % pattern.size()];
        }
        for (LayerSpec& layer : model.layers)
            apply(shape, layer);
        if (model.layers != configuration.model.layers)
            recountWeights(model);
    }
    if (shape.layersPerCache)
        model = withSharedCaches(std::move(model), *shape.layersPerCache);
    if (Status status = validate(model); !status)
        return status.error();
    return model;
}

Result<std::vector<Variant>> variantsOf(const Configuration& configuration) {
    const Result<ModelSpec> model = effectiveModel(configuration);
    if (!model)
        return model.error();
    std::vector<Variant> variants = defaultVariants(*model);
    for (const std::int64_t kvHeads : configuration.extraKvHeads) {
        Result<Variant> extra = variantWithKvHeads(*model, kvHeads);
        if (!extra)
            return extra.error();
        const bool known = std::any_of(variants.begin(), variants.end(), [&](const Variant& each) {
            return each.label == extra->label;
        });
        if (!known)
            variants.push_back(std::move(*extra));
    }
    std::stable_sort(variants.begin(), variants.end(), [](const Variant& a, const Variant& b) {
        const LayerSpec* left = a.model.attentionLayer();
        const LayerSpec* right = b.model.attentionLayer();
        return left && right && left->nKvHeads > right->nKvHeads;
    });
    return variants;
}

std::int64_t chosenContext(const Workload& workload) {
    const std::vector<std::int64_t>& contexts = workload.contexts;
    if (contexts.empty() ||
        std::find(contexts.begin(), contexts.end(), kUsualContext) != contexts.end())
        return kUsualContext;
    return *std::max_element(contexts.begin(), contexts.end());
}

} // namespace decodescope
