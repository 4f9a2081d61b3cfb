// SPDX-License-Identifier: Apache-2.0
// What is said of the size of the cache.
#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/profile/claim_basis.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kRounding = 1e-9;
constexpr double kAllocationSlack = 0.02; ///< padding of rows and pages that changes no verdict
constexpr std::int64_t kFewTokens = 1024; ///< at which the example speaks of whole caches
constexpr double kAllocationSeconds = 10;

/// The shape that the example's bytes are of.
ModelSpec exampleModel() {
    ShapeByHand shape;
    shape.layers = shape.nHeads = shape.nKvHeads = 32;
    shape.headDim = 128;
    return modelByHand(shape);
}
constexpr std::uint64_t kExampleMhaBytes = 16384; ///< a token and layer
constexpr std::uint64_t kExampleMqaBytes = 512;
constexpr std::uint64_t kExampleMhaCache = 512 * kMiB; ///< of kFewTokens
constexpr std::uint64_t kExampleMqaCache = 16 * kMiB;

/// Caches of both forms.
struct Bytes {
    std::uint64_t mha = 0, mqa = 0;
    bool operator==(const Bytes&) const = default;
    [[nodiscard]] double ratio() const {
        return mqa > 0 ? static_cast<double>(mha) / static_cast<double>(mqa) : 0;
    }
};

Bytes perTokenAndLayer(const ModelSpec& mha, const ModelSpec& mqa, KvTypes types) {
    return {cacheLaw(*mha.attentionLayer(), types).bytesPerToken,
            cacheLaw(*mqa.attentionLayer(), types).bytesPerToken};
}

Bytes cachesAt(const ModelSpec& mha, const ModelSpec& mqa, KvTypes types, std::int64_t context,
               std::int64_t ranks) {
    return {kvBytes(mha, types, context, 1, ranks), kvBytes(mqa, types, context, 1, ranks)};
}

/// What was allocated for both forms at one point, a layer.
struct Allocated {
    const Sample* mha = nullptr;
    const Sample* mqa = nullptr;
    [[nodiscard]] static double perLayer(const Sample& sample) {
        return static_cast<double>(sample.kvBytes) / static_cast<double>(sample.layersMeasured);
    }
    [[nodiscard]] double ratio() const { return perLayer(*mha) / perLayer(*mqa); }
};

/// At the longest context that both were measured at.
std::optional<Allocated> allocated(const ClaimBasis& basis) {
    std::optional<Allocated> found;
    for (const Scope scope : {Scope::Attention, Scope::Step})
        for (const Sample* mha : basis.samples(*basis.mha, scope))
            for (const Sample* mqa : basis.samples(*basis.mqa, scope)) {
                const bool pair = mha->context == mqa->context && mha->batch == mqa->batch &&
                                  mha->device == mqa->device && mha->layersMeasured > 0 &&
                                  mqa->layersMeasured > 0 && mqa->kvBytes > 0;
                if (pair && (!found || found->mha->context < mha->context))
                    found = Allocated{mha, mqa};
            }
    return found;
}

std::string allocatedText(const Allocated& found) {
    const auto bytes = [](double value) { return formatBytes(saturatingRound(value)); };
    return fmt::format("allocated on {} at {} tokens: {} and {} a layer", found.mha->device,
                       formatCount(found.mha->context), bytes(Allocated::perLayer(*found.mha)),
                       bytes(Allocated::perLayer(*found.mqa)));
}

/// What speaks for a claim about bytes, and the run that would speak for it more.
void addAllocations(Claim& claim, const ClaimBasis& basis, const std::optional<Allocated>& found) {
    claim.evidence = "From the law of the KV cache";
    if (found)
        claim.evidence += "; " + allocatedText(*found);
    claim.evidence += '.';
    if (found)
        return;
    claim.needs = fmt::format("The caches of MHA and MQA really allocated, at {} tokens.",
                              formatCount(kFewTokens));
    claim.test = basis.test(Scope::Attention, {kFewTokens}, kAllocationSeconds);
}

Claim oneHead(const ClaimBasis& basis) {
    Claim claim;
    claim.id = "one_kv_head";
    claim.statement = "With multi-query attention all query heads of a layer share one KV head.";
    if (!basis.hasForms())
        return basis.withoutForms(claim);
    const LayerSpec& mqa = *basis.mqa->model.attentionLayer();
    const std::int64_t ranks = basis.input.deployment.tensorParallel;
    claim.verdict = ranks == 1 ? ClaimVerdict::Supported : ClaimVerdict::WithConditions;
    claim.because =
        fmt::format("The {} query heads keep queries of their own, and {} KV head is cached where "
                    "MHA caches {}.",
                    formatCount(mqa.nHeads), mqa.nKvHeads, formatCount(basis.nHeads));
    if (ranks > 1)
        claim.because +=
            fmt::format(" Over {} tensor ranks each holds a copy of it.", formatCount(ranks));
    claim.formula = "query heads / KV heads = query heads that read one KV head";
    claim.numbers =
        fmt::format("{} / {} = {}", mqa.nHeads, mqa.nKvHeads, mqa.nHeads / mqa.nKvHeads);
    const LayerSpec& own = *basis.input.model.attentionLayer();
    claim.evidence =
        fmt::format("By definition; {} as it is has {} KV head{}.", basis.input.model.name,
                    own.nKvHeads, own.nKvHeads == 1 ? "" : "s");
    return claim;
}

std::string whyLess(const ClaimBasis& basis, double factor) {
    const std::int64_t ranks = basis.input.deployment.tensorParallel;
    if (ranks > 1)
        return fmt::format("Over {} tensor ranks MHA's heads are divided, and MQA's one head is "
                           "not: a device saves a factor of {:.4g}, not {}.",
                           formatCount(ranks), factor, formatCount(basis.nHeads));
    return fmt::format("Some layers keep what KV heads do not change (a state, a latent, other "
                       "head counts): the whole cache shrinks by {:.4g}, not {}.",
                       factor, formatCount(basis.nHeads));
}

Claim cacheFactor(const ClaimBasis& basis) {
    Claim claim;
    claim.id = "cache_factor";
    claim.statement = "The KV cache shrinks by the number of query heads.";
    if (!basis.hasForms())
        return basis.withoutForms(claim);
    const ClaimsInput& input = basis.input;
    const auto caches = [&](std::int64_t ranks) {
        return cachesAt(basis.mha->model, basis.mqa->model, input.workload.kvTypes, input.context,
                        ranks);
    };
    const Bytes bytes = caches(input.deployment.tensorParallel);
    const double heads = static_cast<double>(basis.nHeads);
    if (std::abs(bytes.ratio() / heads - 1) < kRounding) {
        claim.verdict = ClaimVerdict::Supported;
        claim.because = "On one device the two caches differ by exactly that factor.";
    } else if (bytes.ratio() > 1 + kRounding) {
        claim.verdict = ClaimVerdict::WithConditions;
        claim.because = whyLess(basis, bytes.ratio());
    } else {
        claim.verdict = ClaimVerdict::NotSupported;
        claim.because = "This cache is no smaller with one KV head.";
    }
    claim.formula = "MHA cache / MQA cache on one device = query heads";
    claim.numbers = fmt::format("at {} tokens {} / {} = {:.4g}, {} query heads",
                                formatCount(input.context), formatBytes(bytes.mha),
                                formatBytes(bytes.mqa), bytes.ratio(), formatCount(basis.nHeads));
    const std::optional<Allocated> found = allocated(basis);
    addAllocations(claim, basis, found);
    if (found && std::abs(found->ratio() / caches(1).ratio() - 1) > kAllocationSlack) {
        claim.verdict = ClaimVerdict::WithConditions;
        claim.because += fmt::format(" What was allocated differs by {:.4g}: the smaller cache is "
                                     "padded more.",
                                     found->ratio());
    }
    return claim;
}

std::string layerNumbers(const ModelSpec& model, KvTypes types) {
    const LayerSpec& layer = *model.attentionLayer();
    const std::string width = types.key == types.value
                                  ? std::string(name(types.key))
                                  : fmt::format("{}/{}", name(types.key), name(types.value));
    return fmt::format("{} × ({} + {}) {} = {}", layer.nKvHeads, layer.headDimK, layer.headDimV,
                       width, exactBytes(cacheLaw(layer, types).bytesPerToken));
}

Claim exampleBytes(const ClaimBasis& basis) {
    Claim claim;
    claim.id = "example_bytes";
    claim.statement = fmt::format("A token costs {} a layer with MHA and {} with MQA; {} tokens "
                                  "cost {} and {}.",
                                  exactBytes(kExampleMhaBytes), exactBytes(kExampleMqaBytes),
                                  formatCount(kFewTokens), formatBytes(kExampleMhaCache),
                                  formatBytes(kExampleMqaCache));
    const ModelSpec example = exampleModel();
    const Variant exampleMqa = *variantWithKvHeads(example, 1);
    const Bytes token{kExampleMhaBytes, kExampleMqaBytes};
    const Bytes cache{kExampleMhaCache, kExampleMqaCache};
    const bool exampleHolds = perTokenAndLayer(example, exampleMqa.model, {}) == token &&
                              cachesAt(example, exampleMqa.model, {}, kFewTokens, 1) == cache;
    claim.formula = "KV heads × (key + value elements of a head) × bytes an element";
    if (!basis.hasForms()) {
        claim = basis.withoutForms(claim);
        if (exampleHolds)
            claim.because += " The bytes are those of 32 layers of 32 heads of 128 at 2 bytes.";
        return claim;
    }
    const KvTypes types = basis.input.workload.kvTypes;
    const ModelSpec& mha = basis.mha->model;
    const ModelSpec& mqa = basis.mqa->model;
    const Bytes ownToken = perTokenAndLayer(mha, mqa, types);
    const Bytes ownCache = cachesAt(mha, mqa, types, kFewTokens, 1);
    claim.numbers =
        fmt::format("MHA {}, MQA {}\n{} layers, {} tokens: {} and {}", layerNumbers(mha, types),
                    layerNumbers(mqa, types), formatCount(mha.layerCount()),
                    formatCount(kFewTokens), formatBytes(ownCache.mha), formatBytes(ownCache.mqa));
    if (!exampleHolds) {
        claim.verdict = ClaimVerdict::NotSupported;
        claim.because = "The law of the cache gives other bytes for that shape.";
    } else if (ownToken == token && ownCache == cache) {
        claim.verdict = ClaimVerdict::Supported;
        claim.because = "So it is for this model and this type of cache.";
    } else {
        claim.verdict = ClaimVerdict::WithConditions;
        claim.because = fmt::format("So it is for 32 layers of 32 heads of 128 at 2 bytes; this "
                                    "model's {} tokens cost {} and {}.",
                                    formatCount(kFewTokens), formatBytes(ownCache.mha),
                                    formatBytes(ownCache.mqa));
    }
    addAllocations(claim, basis, allocated(basis));
    return claim;
}

/// A kind of device that MQA is said to be meant for.
struct DeviceClass {
    const char* id;
    const char* statement;
    const char* plural;
    bool (*holds)(const DeviceSpec& spec);
};

constexpr DeviceClass kClasses[] = {
    {"cards_of_24_gb", "One KV head is what makes long contexts fit on a card of 24 GB.",
     "cards of 24 GB",
     [](const DeviceSpec& spec) {
         return !spec.unifiedMemory && spec.kind.rfind("gpu", 0) == 0 &&
                spec.memoryBytes / kGiB >= 22 && spec.memoryBytes / kGiB <= 24;
     }},
    {"edge_devices", "One KV head is what makes long contexts fit on an edge device.",
     "edge devices", [](const DeviceSpec& spec) { return spec.kind == "edge"; }}};

/// How long a context each form has room for on one device.
struct Room {
    PlanDevice device;
    Plan mha, own, mqa; ///< own: the model as it is
    [[nodiscard]] bool decides() const { return mqa.fits && !mha.fits; }
    [[nodiscard]] bool helps() const { return mqa.maxContext > mha.maxContext; }
};

std::vector<Room> roomsOf(const ClaimBasis& basis, const DeviceClass& kind, std::int64_t context) {
    Deployment alone = basis.input.deployment;
    alone.tensorParallel = alone.pipelineParallel = 1;
    std::vector<Room> rooms;
    for (const DeviceSpec& spec : basis.input.catalogue) {
        const PlanDevice device = planDevice(spec);
        if (!kind.holds(spec) || device.memoryUnverified())
            continue;
        const auto plan = [&](const Variant& variant) {
            Workload whole = basis.input.workload;
            whole.scope = Scope::Step;
            return makePlan(variant, device, whole, context, basis.batch, alone);
        };
        rooms.push_back(
            {device, plan(*basis.mha), plan(asIs(basis.input.model)), plan(*basis.mqa)});
    }
    std::stable_sort(rooms.begin(), rooms.end(), [](const Room& a, const Room& b) {
        return a.device.memoryBytes < b.device.memoryBytes;
    });
    return rooms;
}

std::pair<ClaimVerdict, std::string> findingOf(const std::vector<Room>& rooms,
                                               const DeviceClass& kind, const std::string& tokens) {
    const auto count = [&](bool (Room::*property)() const) {
        return std::count_if(rooms.begin(), rooms.end(),
                             [&](const Room& room) { return (room.*property)(); });
    };
    const auto all = static_cast<std::int64_t>(rooms.size());
    const std::int64_t decided = count(&Room::decides);
    if (decided == all)
        return {ClaimVerdict::Supported,
                fmt::format("On all {} {} MQA fits {} tokens and MHA does not.", all, kind.plural,
                            tokens)};
    if (decided > 0)
        return {ClaimVerdict::WithConditions,
                fmt::format("On {} of {} {} MQA fits {} tokens and MHA does not; on the others "
                            "both fit, or neither does.",
                            decided, all, kind.plural, tokens)};
    if (rooms.back().mha.fits)
        return {ClaimVerdict::NotSupported,
                fmt::format("Where MQA fits {} tokens, MHA fits them too.", tokens)};
    if (count(&Room::helps) > 0)
        return {ClaimVerdict::WithConditions,
                fmt::format("MQA fits more than MHA, but {} tokens fit on none of {} {}.", tokens,
                            all, kind.plural)};
    return {ClaimVerdict::NotSupported,
            fmt::format("The weights leave no room on any of {} {}, whatever the cache.", all,
                        kind.plural)};
}

std::string longestIn(const Plan& plan) {
    return plan.maxContextBounded ? formatCount(plan.maxContext) : "any";
}

Claim smallDevices(const ClaimBasis& basis, const DeviceClass& kind) {
    Claim claim;
    claim.id = kind.id;
    claim.statement = kind.statement;
    if (!basis.hasForms())
        return basis.withoutForms(claim);
    const ClaimsInput& input = basis.input;
    const std::int64_t wanted = input.model.maxPosition.value_or(input.context);
    const std::vector<Room> rooms = roomsOf(basis, kind, wanted);
    claim.formula = "weights + cache + workspace + overhead ≤ memory − reserve, with MQA alone";
    claim.needs = fmt::format("A probe on one of these {}, which allocates and touches the cache.",
                              kind.plural);
    if (rooms.empty()) {
        claim.because = fmt::format("The catalogue has no {} whose memory is known.", kind.plural);
        return claim;
    }
    std::tie(claim.verdict, claim.because) = findingOf(rooms, kind, formatCount(wanted));
    const auto shown =
        std::find_if(rooms.begin(), rooms.end(), [](const Room& room) { return room.decides(); });
    const Room& room = shown == rooms.end() ? rooms.back() : *shown;
    const Variant& own = room.own.variant;
    const bool another = own.label != basis.mha->label && own.label != basis.mqa->label;
    claim.numbers = fmt::format(
        "{}, {}: MHA fits {} tokens, {}MQA {}; {} are wanted", room.device.name,
        formatBytes(room.device.memoryBytes), longestIn(room.mha),
        another ? fmt::format("as it is ({}) {}, ", own.label, longestIn(room.own)) : "",
        longestIn(room.mqa), formatCount(wanted));
    claim.evidence = fmt::format("Memory plans for {} {} of the catalogue, {} weights, {} cache, "
                                 "batch {}; nothing was allocated.",
                                 rooms.size(), kind.plural, name(input.workload.weightsType),
                                 cacheInWords(input.workload.kvTypes), formatCount(basis.batch));
    return claim;
}

} // namespace

std::vector<Claim> memoryClaims(const ClaimBasis& basis) {
    std::vector<Claim> all = {oneHead(basis), cacheFactor(basis), exampleBytes(basis)};
    for (const DeviceClass& kind : kClasses)
        all.push_back(smallDevices(basis, kind));
    return all;
}

} // namespace decodescope
