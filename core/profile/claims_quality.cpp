// SPDX-License-Identifier: Apache-2.0
// What is said of the price: quality, and where MQA stands among what else there is.
#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "core/plan/footprint.h"
#include "core/profile/claim_basis.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr const char* kWhatWouldTell =
    "Two checkpoints of this model, trained alike with all KV heads and with one, on the same "
    "test: no run of kernels tells quality.";

/// How much worse MQA is than MHA, in the measure's own unit; below 0 it is better.
double loss(const PublishedPair& pair) {
    return pair.higherIsBetter ? pair.mha - pair.mqa : pair.mqa - pair.mha;
}

std::string inNumbers(const PublishedPair& pair) {
    return fmt::format("{}, {}: {:.4g} with MHA, {:.4g} with MQA", pair.study, pair.measure,
                       pair.mha, pair.mqa);
}

std::string citationsOf(const std::vector<const PublishedPair*>& pairs) {
    std::vector<std::string> all;
    for (const PublishedPair* pair : pairs)
        if (std::find(all.begin(), all.end(), pair->citation) == all.end())
            all.push_back(pair->citation);
    std::string text;
    for (const std::string& citation : all)
        text += (text.empty() ? "" : "; ") + citation;
    return text;
}

/// The verdict of published pairs, with the one that lost the largest share and the one that lost
/// the least.
void weigh(Claim& claim, const std::vector<const PublishedPair*>& pairs) {
    const auto worse = std::count_if(pairs.begin(), pairs.end(),
                                     [](const PublishedPair* pair) { return loss(*pair) > 0; });
    const auto all = static_cast<std::ptrdiff_t>(pairs.size());
    claim.verdict = worse == all ? ClaimVerdict::Supported
                    : worse > 0  ? ClaimVerdict::WithConditions
                                 : ClaimVerdict::NotSupported;
    std::set<std::string> studies;
    for (const PublishedPair* pair : pairs)
        studies.insert(pair->study);
    claim.because =
        fmt::format("In {} published {} MQA is worse in {} of {} measures; how much "
                    "differs widely, and none of them is of this model.",
                    studies.size(), studies.size() == 1 ? "study" : "studies", worse, all);
    const auto share = [](const PublishedPair* pair) { return loss(*pair) / std::abs(pair->mha); };
    const auto [least, most] = std::minmax_element(
        pairs.begin(), pairs.end(),
        [&](const PublishedPair* a, const PublishedPair* b) { return share(a) < share(b); });
    claim.numbers = inNumbers(**most);
    if (*least != *most)
        claim.numbers += '\n' + inNumbers(**least);
    claim.evidence = citationsOf(pairs) + '.';
}

std::vector<const PublishedPair*> pairsFrom(const ClaimBasis& basis, std::int64_t context) {
    std::vector<const PublishedPair*> found;
    for (const PublishedPair& pair : basis.input.published)
        if (pair.testedContext >= context)
            found.push_back(&pair);
    return found;
}

Claim quality(const ClaimBasis& basis) {
    Claim claim;
    claim.id = "quality_cost";
    claim.topic = ClaimTopic::Quality;
    claim.statement = "MQA costs some of a model's quality.";
    claim.formula = "quality with MQA < quality with MHA, of models trained alike";
    claim.needs = kWhatWouldTell;
    const std::vector<const PublishedPair*> pairs = pairsFrom(basis, 0);
    if (pairs.empty())
        claim.because = "No published pair of models is at hand.";
    else
        weigh(claim, pairs);
    return claim;
}

Claim longContextQuality(const ClaimBasis& basis) {
    Claim claim;
    claim.id = "long_context_cost";
    claim.topic = ClaimTopic::Quality;
    claim.statement = "MQA loses quality above all in reasoning over long contexts.";
    claim.formula = fmt::format("loss of quality at {} tokens or more > loss at short contexts",
                                formatCount(claim_thresholds::kLongContext));
    claim.needs = kWhatWouldTell;
    const std::vector<const PublishedPair*> pairs =
        pairsFrom(basis, claim_thresholds::kLongContext);
    if (pairs.empty())
        claim.because = fmt::format("Not established: among the {} published measures at hand none "
                                    "compares MQA with MHA at long contexts.",
                                    basis.input.published.size());
    else
        weigh(claim, pairs);
    return claim;
}

Claim farEnd(const ClaimBasis& basis) {
    Claim claim;
    claim.id = "far_end_of_frontier";
    claim.topic = ClaimTopic::Quality;
    claim.statement = "MQA lies at the far end of the frontier between memory and quality: nothing "
                      "needs less cache.";
    if (!basis.hasForms())
        return basis.withoutForms(claim);
    const KvTypes types = basis.input.workload.kvTypes;
    const std::uint64_t least = kvBytesPerToken(basis.mqa->model, types);
    bool isLeast = true; ///< of all counts of KV heads
    for (std::int64_t heads = 2; heads <= basis.nHeads; ++heads)
        if (const Result<Variant> other = variantWithKvHeads(basis.input.model, heads))
            isLeast = isLeast && least < kvBytesPerToken(other->model, types);
    const std::uint64_t shared = kvBytesPerToken(withSharedCaches(basis.mqa->model, 2), types);
    claim.formula = "KV bytes a token with MQA ≤ those of every other design";
    claim.numbers = fmt::format("MHA {}, MQA {}; MQA with caches shared by pairs of layers {}",
                                formatBytes(kvBytesPerToken(basis.mha->model, types)),
                                formatBytes(least), formatBytes(shared));
    claim.evidence = "From the law of the KV cache.";
    claim.verdict = !isLeast         ? ClaimVerdict::NotSupported
                    : shared < least ? ClaimVerdict::WithConditions
                                     : ClaimVerdict::Supported;
    claim.because =
        !isLeast ? "Another number of KV heads needs no more cache."
        : shared < least
            ? "It is the end of the line of KV heads, not of all designs: layers that share a "
              "cache need less, and so do smaller types of cache."
            : "No other number of KV heads needs less, and there is no layer to share with.";
    return claim;
}

Claim diversity(const ClaimBasis& basis) {
    Claim claim;
    claim.id = "less_diversity";
    claim.topic = ClaimTopic::Quality;
    claim.statement = "Heads that share one KV head lose their diversity.";
    if (!basis.hasForms())
        return basis.withoutForms(claim);
    const LayerSpec& mha = *basis.mha->model.attentionLayer();
    const LayerSpec& mqa = *basis.mqa->model.attentionLayer();
    const auto width = [](const LayerSpec& layer) {
        return layer.nKvHeads * (layer.headDimK + layer.headDimV);
    };
    const bool narrower = width(mqa) < width(mha);
    claim.verdict = !narrower                  ? ClaimVerdict::NotSupported
                    : mqa.nHeads == mha.nHeads ? ClaimVerdict::WithConditions
                                               : ClaimVerdict::Supported;
    claim.because =
        narrower ? fmt::format("What is stored of a token gets narrower, not the queries: {} heads "
                               "still attend in {} ways, all through the same {} dimensions of "
                               "keys and {} of values.",
                               formatCount(mqa.nHeads), formatCount(mqa.nHeads),
                               formatCount(mqa.headDimK), formatCount(mqa.headDimV))
                 : "This model has one query head a layer: nothing is shared.";
    claim.formula = "KV heads × (key + value elements of a head) a token and layer";
    claim.numbers =
        fmt::format("MHA {} × ({} + {}) = {} elements, MQA {}", mha.nKvHeads, mha.headDimK,
                    mha.headDimV, formatCount(width(mha)), formatCount(width(mqa)));
    claim.evidence = "From the shape. What the narrower cache costs is the claim on quality.";
    return claim;
}

} // namespace

std::vector<PublishedPair> publishedPairs(std::span<const QualityStudy> studies) {
    std::vector<PublishedPair> pairs;
    for (const QualityStudy& study : studies) {
        const auto first = [&](const char* attention) {
            return std::find_if(
                study.points.begin(), study.points.end(),
                [&](const QualityPoint& point) { return point.attention == attention; });
        };
        const auto mha = first("mha");
        const auto mqa = first("mqa");
        if (mha == study.points.end() || mqa == study.points.end())
            continue;
        for (std::size_t i = 0; i < study.metrics.size(); ++i)
            if (mha->values[i] && mqa->values[i])
                pairs.push_back({study.title, study.citation, study.metrics[i].name,
                                 *mha->values[i], *mqa->values[i], study.metrics[i].higherIsBetter,
                                 0});
    }
    return pairs;
}

std::vector<Claim> qualityClaims(const ClaimBasis& basis) {
    return {quality(basis), longContextQuality(basis), farEnd(basis), diversity(basis)};
}

} // namespace decodescope
