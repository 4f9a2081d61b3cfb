// SPDX-License-Identifier: Apache-2.0
#include "gpu/cuda_decoder.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "core/engine/layer_choice.h"
#include "core/engine/step_work.h"
#include "core/spec/units.h"
#include "gpu/attention_room.h"
#include "gpu/coverage.h"
#include "gpu/gpu_cache.h"
#include "gpu/step_recording.h"
#include "gpu/step_room.h"
#include "gpu/step_weights.h"

namespace decodescope {
namespace {

bool sameKind(const LayerSpec& a, const LayerSpec& b) {
    return a.nHeads == b.nHeads && a.nKvHeads == b.nKvHeads && a.headDimK == b.headDimK &&
           a.window == b.window;
}

/// Kinds of layers whose attention is launched alike.
std::vector<LayerSpec> kindsOf(const ModelSpec& model) {
    std::vector<LayerSpec> kinds;
    for (const LayerSpec& layer : model.layers)
        if (std::none_of(kinds.begin(), kinds.end(),
                         [&](const LayerSpec& kind) { return sameKind(kind, layer); }))
            kinds.push_back(layer);
    return kinds;
}

std::vector<AttentionKindShape> shapesOf(const std::vector<LayerSpec>& kinds, std::int64_t context,
                                         StepVariation variation) {
    std::vector<AttentionKindShape> shapes;
    for (const LayerSpec& kind : kinds) {
        AttentionKindShape shape{kind.nHeads, kind.nKvHeads, kind.headDimK,
                                 tokensRead(kind, context)};
        if (variation != StepVariation::Normal)
            shape.nHeads *= 2;
        if (variation == StepVariation::TwiceTheWorkHalfTheBytes)
            shape.tokens = std::max<std::int64_t>(1, shape.tokens / 2);
        shapes.push_back(shape);
    }
    return shapes;
}

/// Neighbours that stand for as many layers of the model become one. The result refers to `parts`.
std::vector<StepSegment> joined(const std::vector<StepSegment>& parts) {
    std::vector<StepSegment> segments;
    for (std::size_t first = 0; first < parts.size();) {
        StepSegment segment{parts[first].represents, 0, {}};
        std::size_t end = first;
        for (; end < parts.size() && parts[end].represents == segment.represents; ++end)
            segment.launches += parts[end].launches;
        segment.queue = [&parts, first, end]() -> Status {
            Status status = Done{};
            for (std::size_t i = first; i < end && status; ++i)
                status = parts[i].queue();
            return status;
        };
        segments.push_back(std::move(segment));
        first = end;
    }
    return segments;
}

class CudaDecoder final : public Decoder {
public:
    CudaDecoder(std::shared_ptr<GpuRuntime> gpu, const DecoderRequest& request,
                std::shared_ptr<const CublasLt> library)
        : m_gpu(std::move(gpu)), m_request(request), m_library(std::move(library)),
          m_kinds(kindsOf(request.model)), m_cache(m_gpu, request), m_weights(m_gpu) {}

    [[nodiscard]] Status allocate(const std::stop_token& stop);

    Result<StepTiming> step(std::stop_token stop) override {
        return variedStep(StepVariation::Normal, std::move(stop));
    }
    Result<StepTiming> variedStep(StepVariation variation, std::stop_token stop) override;
    Status grow(std::stop_token stop) override;
    MemoryLedger ledgerGrown() const override;
    MemoryLedger ledger() const override;
    std::int64_t layersMeasured() const override {
        return static_cast<std::int64_t>(m_layers.size());
    }
    StepWork work() const override;
    bool cacheResident() const override {
        // Twice the cache: replacement is not perfect, and part of a stream may survive a step.
        return m_cache.bytes() + m_weights.bytes() < 2 * m_gpu->properties().l2Bytes;
    }
    int threads() const override { return 1; } ///< the GPU works as one

private:
    struct Layer {
        LayerSpec spec;
        double represents = 1; ///< layers of the model one run of this one stands for
        std::size_t kind = 0;
        std::size_t cache = 0; ///< of GpuCache
    };
    struct Variant {
        AttentionRoom attention;
        std::optional<StepRoom> step;           ///< Scope::Step
        std::optional<StepRecording> recording; ///< of what steps read now
    };

    [[nodiscard]] Result<AttentionPlans> plansAt(std::int64_t context,
                                                 StepVariation variation) const {
        return planKinds(*m_gpu, m_request.kvTypes.key, m_request.batch,
                         shapesOf(m_kinds, context, variation));
    }
    [[nodiscard]] bool wholeStep() const { return m_request.scope == Scope::Step; }
    [[nodiscard]] StepRoom stepRoom(StepVariation variation) const {
        return {m_gpu, m_request, variation, m_library.get()};
    }
    /// Of what a step works in.
    [[nodiscard]] std::uint64_t roomBytes(const AttentionPlans& plans,
                                          StepVariation variation) const {
        return plans.roomBytes() + (wholeStep() ? stepRoom(variation).bytesNeeded() : 0);
    }
    [[nodiscard]] Status chooseWhatFits(std::uint64_t roomBytes);
    [[nodiscard]] Status allocateWeights();
    [[nodiscard]] Status prepare(StepVariation variation);
    [[nodiscard]] Result<StepRecording> record(Variant& used) const;
    [[nodiscard]] Status queueLayer(std::size_t index, Variant& used) const;
    [[nodiscard]] DecoderRequest requestGrown() const;
    [[nodiscard]] Error interrupted(const char* when) const {
        return {ErrorCode::Interrupted, std::string("stopped ") + when, m_gpu->deviceId(), ""};
    }
    std::optional<Variant>& variant(StepVariation variation) {
        return m_variants[static_cast<std::size_t>(variation)];
    }

    std::shared_ptr<GpuRuntime> m_gpu;
    DecoderRequest m_request; ///< with the context that steps read
    std::shared_ptr<const CublasLt> m_library;
    std::vector<LayerSpec> m_kinds;
    std::vector<Layer> m_layers;
    GpuCache m_cache;
    StepWeights m_weights;                            ///< none with Scope::Attention
    std::array<std::optional<Variant>, 3> m_variants; ///< by StepVariation
};

Status CudaDecoder::chooseWhatFits(std::uint64_t roomBytes) {
    std::vector<LayerCost> costs;
    GpuCache whole(m_gpu, m_request);
    for (const LayerSpec& layer : m_request.model.layers) {
        const std::uint64_t bytes = layerCacheBytes(layer, m_request, tokensHeld(layer, m_request));
        const std::uint64_t weights = wholeStep() ? StepWeights::layerBytes(m_request, layer) : 0;
        costs.push_back({saturatingAdd(layer.ownsCache ? bytes : 0, weights),
                         static_cast<double>(bytes) + static_cast<double>(weights)});
        if (layer.ownsCache)
            whole.addLayer(layer);
    }
    const std::uint64_t weights = wholeStep() ? StepWeights::fixedBytes(m_request) : 0;
    const std::uint64_t fixed =
        saturatingAdd(saturatingAdd(roomBytes, whole.tableBytes()), weights);
    const Result<std::vector<LayerRun>> runs =
        fitLayers(m_request, costs, fixed, m_gpu->deviceId());
    if (!runs)
        return runs.error();
    for (std::size_t i = 0; i < runs->size(); ++i) {
        const LayerRun& run = (*runs)[i];
        const LayerSpec& spec = m_request.model.layers[run.layer];
        const auto kind = std::find_if(m_kinds.begin(), m_kinds.end(),
                                       [&](const LayerSpec& each) { return sameKind(each, spec); });
        m_layers.push_back(
            {spec, run.represents, static_cast<std::size_t>(kind - m_kinds.begin()),
             run.cacheOwner == i ? m_cache.addLayer(spec) : m_layers[run.cacheOwner].cache});
    }
    return Done{};
}

Status CudaDecoder::allocate(const std::stop_token& stop) {
    const Result<AttentionPlans> plans = plansAt(m_request.context, StepVariation::Normal);
    if (!plans)
        return plans.error();
    if (Status chosen = chooseWhatFits(roomBytes(*plans, StepVariation::Normal)); !chosen)
        return chosen;
    if (stop.stop_requested())
        return interrupted("before the memory was filled");
    if (Status allocated = m_cache.allocate(); !allocated)
        return allocated;
    if (wholeStep())
        if (Status allocated = allocateWeights(); !allocated)
            return allocated;
    if (Status prepared = prepare(StepVariation::Normal); !prepared)
        return prepared;
    if (stop.stop_requested())
        return interrupted("while the memory was filled");
    return Done{};
}

Status CudaDecoder::allocateWeights() {
    std::vector<LayerSpec> specs;
    for (const Layer& layer : m_layers)
        specs.push_back(layer.spec);
    return m_weights.allocate(m_request, specs);
}

Status CudaDecoder::prepare(StepVariation variation) {
    std::optional<Variant>& held = variant(variation);
    if (held)
        return Done{};
    Result<AttentionPlans> plans = plansAt(m_request.context, variation);
    if (!plans)
        return plans.error();
    const std::uint64_t total = ledger().totalBytes();
    if (const std::uint64_t more = roomBytes(*plans, variation);
        saturatingAdd(total, more) > m_request.budgetBytes)
        return Error{ErrorCode::OutOfMemory,
                     "no room for what a step works in",
                     m_gpu->deviceId(),
                     "",
                     more,
                     m_request.budgetBytes - std::min(m_request.budgetBytes, total)};
    Variant made{AttentionRoom(m_gpu), std::nullopt, std::nullopt};
    if (Status prepared = made.attention.prepare(std::move(*plans), m_request.seed); !prepared)
        return prepared;
    if (wholeStep()) {
        made.step = stepRoom(variation);
        if (Status prepared = made.step->prepare(m_weights); !prepared)
            return prepared;
    }
    held = std::move(made);
    return Done{};
}

Status CudaDecoder::queueLayer(std::size_t index, Variant& used) const {
    const Layer& layer = m_layers[index];
    StepAttention attention;
    m_cache.address(layer.cache, attention.args);
    used.attention.address(layer.kind, attention.args);
    const auto attend = [&] { return used.attention.launch(layer.kind, attention.args); };
    if (!used.step)
        return attend();
    attention.queries = used.attention.queries();
    attention.queue = attend;
    return used.step->queueLayer(m_weights, index, attention);
}

Result<StepRecording> CudaDecoder::record(Variant& used) const {
    std::vector<StepSegment> parts; // each layer, and the LM head, which stands for itself
    for (std::size_t i = 0; i < m_layers.size(); ++i)
        parts.push_back({m_layers[i].represents,
                         used.attention.launchesOf(m_layers[i].kind) +
                             (used.step ? used.step->launchesOf(m_layers[i].spec) : 0),
                         [this, i, &used] { return queueLayer(i, used); }});
    if (used.step) {
        used.step->begin();
        parts.push_back({1, used.step->launchesOfHead(),
                         [this, &used] { return used.step->queueHead(m_weights); }});
    }
    return StepRecording::record(m_gpu, joined(parts));
}

Result<StepTiming> CudaDecoder::variedStep(StepVariation variation, std::stop_token stop) {
    if (stop.stop_requested())
        return interrupted("before a decode step");
    if (Status prepared = prepare(variation); !prepared)
        return prepared.error();
    Variant& used = *variant(variation);
    if (!used.recording) {
        Result<StepRecording> recording = record(used);
        if (!recording)
            return recording.error();
        used.recording = std::move(*recording);
    }
    return used.recording->run();
}

DecoderRequest CudaDecoder::requestGrown() const {
    DecoderRequest grown = m_request;
    grown.context += m_request.pageTokens;
    return grown;
}

Status CudaDecoder::grow(std::stop_token stop) {
    if (m_request.pageTokens == 0)
        return Error{ErrorCode::BadUsage, "a cache in one piece does not grow", m_gpu->deviceId(),
                     ""};
    if (stop.stop_requested())
        return interrupted("before the cache grew");
    const DecoderRequest grown = requestGrown();
    if (Status covered = coveredByGpu(m_gpu->properties(), grown); !covered)
        return covered;
    Result<AttentionPlans> plans = plansAt(grown.context, StepVariation::Normal);
    if (!plans)
        return plans.error();
    // What may be refused comes first; what was held before can be stepped over until all is there.
    Variant& normal = *variant(StepVariation::Normal);
    AttentionRoom& room = normal.attention;
    AttentionRoom larger(m_gpu);
    const bool lacks = plans->roomBytes() > room.bytes();
    if (lacks)
        if (Status reserved = larger.reserve(plans->roomBytes()); !reserved)
            return reserved;
    if (Status added = m_cache.grow(grown); !added)
        return added;
    m_request.context = grown.context;
    for (std::optional<Variant>& each : m_variants)
        if (each)
            each->recording.reset();
    variant(StepVariation::TwiceTheWork).reset();
    variant(StepVariation::TwiceTheWorkHalfTheBytes).reset();
    if (lacks)
        room = std::move(larger);
    if (Status prepared = room.prepare(std::move(*plans), m_request.seed); !prepared)
        return prepared;
    return normal.step ? normal.step->moveTo(m_request.context - 1) : Done{};
}

MemoryLedger CudaDecoder::ledgerGrown() const {
    MemoryLedger grown = ledger();
    if (m_request.pageTokens == 0)
        return grown;
    const DecoderRequest request = requestGrown();
    grown.kvBytes = saturatingAdd(grown.kvBytes, m_cache.slabBytes(request));
    const std::uint64_t room = m_variants[0] ? m_variants[0]->attention.bytes() : 0;
    const std::uint64_t step =
        m_variants[0] && m_variants[0]->step ? m_variants[0]->step->bytes() : 0;
    const Result<AttentionPlans> plans = plansAt(request.context, StepVariation::Normal);
    grown.workspaceBytes =
        (plans ? std::max(room, plans->roomBytes()) : room) + step + m_cache.tableBytes(request);
    return grown;
}

MemoryLedger CudaDecoder::ledger() const {
    MemoryLedger ledger;
    ledger.kvBytes = m_cache.bytes();
    ledger.weightsBytes = m_weights.bytes();
    ledger.workspaceBytes = m_cache.tableBytes();
    for (const std::optional<Variant>& each : m_variants)
        if (each)
            ledger.workspaceBytes +=
                each->attention.bytes() + (each->step ? each->step->bytes() : 0);
    return ledger;
}

StepWork CudaDecoder::work() const {
    return stepWork(m_request, [this](const LayerSpec& layer) {
        const Result<KernelChoice> kernel =
            chooseKernel(m_gpu->properties(), m_request.kvTypes.key, layer.headDimK,
                         layer.nHeads / layer.nKvHeads);
        const bool packed = kernel && kernel->family == KernelFamily::Packed;
        return packed ? DotUnit::Bf16 : DotUnit::None;
    });
}

} // namespace

Result<std::unique_ptr<Decoder>> makeCudaDecoder(std::shared_ptr<GpuRuntime> gpu,
                                                 const DecoderRequest& request,
                                                 const std::stop_token& stop,
                                                 std::shared_ptr<const CublasLt> library) {
    if (Status covered = coveredByGpu(gpu->properties(), request); !covered)
        return covered.error();
    auto decoder = std::make_unique<CudaDecoder>(std::move(gpu), request, std::move(library));
    if (Status allocated = decoder->allocate(stop); !allocated)
        return allocated.error();
    return std::unique_ptr<Decoder>(std::move(decoder));
}

} // namespace decodescope
