// SPDX-License-Identifier: Apache-2.0
#include "core/profile/claim_basis.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "core/spec/units.h"

namespace decodescope {
namespace {

std::optional<Variant> form(const ModelSpec& model, std::int64_t nKvHeads) {
    const LayerSpec* layer = model.attentionLayer();
    if (!layer || layer->attention != AttentionKind::Softmax)
        return std::nullopt;
    if (layer->nKvHeads == nKvHeads)
        return asIs(model);
    const Result<Variant> made = variantWithKvHeads(model, nKvHeads);
    return made ? std::optional(*made) : std::nullopt;
}

bool isOf(const Sample& sample, const Variant& variant, const Workload& workload) {
    const LayerSpec* layer = variant.model.attentionLayer();
    return layer && sample.peer.empty() &&
           (sample.model.empty() || sample.model == variant.model.name) &&
           sample.layers == variant.model.layerCount() && sample.nHeads == layer->nHeads &&
           sample.nKvHeads == layer->nKvHeads && sample.headDim == layer->headDimK &&
           sample.kvTypes == workload.kvTypes &&
           (sample.scope == Scope::Attention || sample.weightsType == workload.weightsType);
}

bool samePoint(const Sample& a, const Sample& b) {
    return std::tie(a.context, a.batch, a.device, a.threads) ==
           std::tie(b.context, b.batch, b.device, b.threads);
}

} // namespace

ClaimBasis::ClaimBasis(const ClaimsInput& given) : input(given) {
    const LayerSpec* layer = input.model.attentionLayer();
    nHeads = layer ? layer->nHeads : 0;
    mha = form(input.model, nHeads);
    mqa = form(input.model, 1);
    batch = input.workload.batches.empty() ? 1 : input.workload.batches.front();
}

Plan ClaimBasis::plan(const Variant& variant, const PlanDevice& device, Scope scope,
                      std::int64_t context) const {
    Workload workload = input.workload;
    workload.scope = scope;
    return makePlan(variant, device, workload, context, batch, input.deployment);
}

std::vector<const Sample*> ClaimBasis::samples(const Variant& variant, Scope scope) const {
    std::vector<const Sample*> found;
    for (const Sample& sample : input.samples) {
        if (sample.scope != scope || sample.quickLook || !isOf(sample, variant, input.workload))
            continue;
        const auto before = std::find_if(found.begin(), found.end(), [&](const Sample* each) {
            return samePoint(*each, sample);
        });
        if (before == found.end())
            found.push_back(&sample);
        else
            *before = &sample;
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Sample* a, const Sample* b) { return a->context < b->context; });
    return found;
}

std::optional<ClaimTest> ClaimBasis::test(Scope scope, std::vector<std::int64_t> contexts,
                                          double maxSeconds) const {
    std::int64_t longest = *std::max_element(contexts.begin(), contexts.end());
    for (const Variant& variant : {*mha, *mqa, asIs(input.model)})
        longest = std::min(longest, plan(variant, input.device, scope, longest).maxContext);
    if (input.device.memoryBytes == 0 || longest < 1)
        return std::nullopt;
    std::erase_if(contexts, [&](std::int64_t each) { return each > longest; });
    if (contexts.empty())
        contexts = {longest};
    std::sort(contexts.begin(), contexts.end());
    contexts.erase(std::unique(contexts.begin(), contexts.end()), contexts.end());
    return ClaimTest{scope, std::move(contexts), batch, maxSeconds};
}

Claim ClaimBasis::withoutForms(Claim claim) const {
    claim.verdict = ClaimVerdict::NotTested;
    claim.because = fmt::format("The attention of {} has no KV heads that could be shared by all "
                                "query heads.",
                                input.model.name.empty() ? "this model" : input.model.name);
    claim.needs = "A model with softmax attention, whose KV heads can be counted.";
    return claim;
}

std::string listed(const std::vector<std::string>& parts) {
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i)
        text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
    return text;
}

std::string sourceOf(const std::vector<const Sample*>& samples) {
    const auto [least, most] =
        std::minmax_element(samples.begin(), samples.end(), [](const Sample* a, const Sample* b) {
            return a->context < b->context;
        });
    const Sample& first = *samples.front();
    std::string where =
        fmt::format("{}, {} thread{}", first.device, first.threads, first.threads == 1 ? "" : "s");
    if (first.threads == 0)
        where = first.device;
    if (std::any_of(samples.begin(), samples.end(),
                    [&](const Sample* each) { return each->device != first.device; }))
        where += " and others";
    std::string contexts = formatCount((*least)->context);
    if ((*least)->context != (*most)->context)
        contexts += " to " + formatCount((*most)->context);
    const bool scaled = std::any_of(samples.begin(), samples.end(), [](const Sample* each) {
        return each->layersMeasured < each->layers;
    });
    return fmt::format("{} sample{} of {}, {} tokens{}", samples.size(),
                       samples.size() == 1 ? "" : "s", where, contexts,
                       scaled ? ", some scaled from fewer layers" : "");
}

std::string exactBytes(std::uint64_t bytes) {
    return formatCount(static_cast<std::int64_t>(bytes)) + " B";
}

} // namespace decodescope
