// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/cpu_decoder.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/cpu/attention.h"
#include "core/cpu/capabilities.h"
#include "core/cpu/decoder_workspace.h"
#include "core/cpu/random_fill.h"
#include "core/cpu/step_layer.h"
#include "core/cpu/topology.h"
#include "core/cpu/weight_panels.h"
#include "core/engine/elapsed.h"
#include "core/engine/layer_choice.h"
#include "core/engine/step_work.h"
#include "core/spec/cache_law.h"
#include "core/spec/count.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

KvLayout layoutOf(const LayerSpec& layer, const DecoderRequest& request) {
    return {request.kvTypes, request.batch,  layer.nKvHeads,
            layer.headDimK,  layer.headDimV, tokensHeld(layer, request)};
}

/// One page of a layer's cache.
KvLayout pageOf(const LayerSpec& layer, const DecoderRequest& request) {
    KvLayout page = layoutOf(layer, request);
    page.tokens = request.pageTokens;
    return page;
}

/// Of the layer's own group, also where a varied step has twice the query heads.
AttentionArithmetic unitOf(const LayerSpec& layer, const DecoderRequest& request) {
    return attentionArithmetic(request.kvTypes, layer.nHeads / layer.nKvHeads, dotUnits());
}

StepWork workOf(const DecoderRequest& request) {
    return stepWork(
        request, [&request](const LayerSpec& layer) { return dotUnitOf(unitOf(layer, request)); });
}

std::uint64_t lmHeadBytes(const DecoderRequest& request) {
    return panelBytes(request.weightsType, request.model.vocabSize, request.model.hiddenSize);
}

/// Weights that are to be held and that no step reads.
std::uint64_t unreadBytes(const DecoderRequest& request) {
    std::uint64_t read = lmHeadBytes(request);
    for (const LayerSpec& layer : request.model.layers)
        read =
            saturatingAdd(read, LayerWeights::bytesFor(request.model, layer, request.weightsType));
    return request.residentWeightsBytes - std::min(request.residentWeightsBytes, read);
}

class CpuDecoder : public Decoder {
public:
    CpuDecoder(const DecoderRequest& request, int threads)
        : m_request(request), m_pool(threads, ThreadPool::Sharing::WherePaying),
          m_work(workOf(request)) {}

    [[nodiscard]] Status allocate();
    [[nodiscard]] Status fill(const std::stop_token& stop);

    Result<StepTiming> step(std::stop_token stop) override {
        return runStep(StepVariation::Normal, stop);
    }
    Result<StepTiming> variedStep(StepVariation variation, std::stop_token stop) override;
    Status grow(std::stop_token stop) override;
    MemoryLedger ledgerGrown() const override;
    Status holdBeside(const MemoryLedger& bytes, std::stop_token stop) override;
    MemoryLedger ledger() const override;
    std::int64_t layersMeasured() const override {
        return static_cast<std::int64_t>(m_layers.size());
    }
    StepWork work() const override { return m_work; }
    bool cacheResident() const override;
    int threads() const override { return m_pool.threads(); }

private:
    struct Layer {
        LayerSpec spec;
        double represents = 1;            ///< layers of the model one run of this one stands for
        std::size_t cacheOwner = 0;       ///< index in m_layers
        LayerWeights weights;             ///< Scope::Step
        KvCache cache;                    ///< empty where another layer owns it
        std::vector<std::int64_t> tokens; ///< that each sequence's attention reads
        std::vector<std::int64_t> half;   ///< half of them
    };
    [[nodiscard]] bool wholeStep() const { return m_request.scope == Scope::Step; }
    [[nodiscard]] bool paged() const { return m_request.pageTokens > 0; }
    [[nodiscard]] DecoderRequest requestGrown() const;
    [[nodiscard]] bool wantsPage(std::size_t layer, const DecoderRequest& request) const;
    [[nodiscard]] std::uint64_t pageBytes(const DecoderRequest& request) const;
    [[nodiscard]] bool addPage(const DecoderRequest& request);
    void dropPage();
    void readTo(std::int64_t context);
    [[nodiscard]] Status chooseWhatFits();
    [[nodiscard]] bool allocateWeights();
    [[nodiscard]] bool allocateCaches();
    [[nodiscard]] bool fillStep(const std::stop_token& stop);
    [[nodiscard]] Status makeRoomForTwice(const std::stop_token& stop);
    [[nodiscard]] Result<StepTiming> runStep(StepVariation variation, const std::stop_token& stop);
    [[nodiscard]] bool runLayer(Layer& layer, StepVariation variation, Workspace& room,
                                const std::stop_token& stop);

    DecoderRequest m_request;
    ThreadPool m_pool;
    StepWork m_work;
    std::vector<Layer> m_layers;
    Workspace m_room;
    std::optional<Workspace> m_twice; ///< of the step's variations, once one was run
    Buffer m_weights;                 ///< of the layers and the LM head; Scope::Step
    std::span<std::byte> m_lmHead;    ///< [vocabulary][hidden], in panels
    Buffer m_unread;                  ///< weights that no step reads; in pages only
    std::vector<Buffer> m_beside;     ///< what no step reads
    MemoryLedger m_besideBytes;
    std::vector<Buffer> m_pages; ///< each of all layers; the caches point into them
};

Status CpuDecoder::chooseWhatFits() {
    std::vector<LayerCost> costs;
    for (const LayerSpec& layer : m_request.model.layers) {
        const std::uint64_t bytes = layoutOf(layer, m_request).bytes();
        const std::uint64_t weights =
            wholeStep() ? LayerWeights::bytesFor(m_request.model, layer, m_request.weightsType) : 0;
        costs.push_back({saturatingAdd(layer.ownsCache ? bytes : 0, weights),
                         static_cast<double>(bytes) + static_cast<double>(weights)});
    }
    const std::uint64_t fixedBytes = saturatingAdd(
        Workspace::bytesFor(m_request, 1, m_pool.threads()),
        wholeStep() ? saturatingAdd(lmHeadBytes(m_request), unreadBytes(m_request)) : 0);
    const Result<std::vector<LayerRun>> runs =
        fitLayers(m_request, costs, fixedBytes, kCpuDeviceId);
    if (!runs)
        return runs.error();
    for (const LayerRun& run : *runs) {
        Layer& layer = m_layers.emplace_back();
        layer.spec = m_request.model.layers[run.layer];
        layer.represents = run.represents;
        layer.cacheOwner = run.cacheOwner;
    }
    readTo(m_request.context);
    return Done{};
}

bool CpuDecoder::allocateWeights() {
    const DataType type = m_request.weightsType;
    const std::uint64_t headBytes = lmHeadBytes(m_request);
    std::uint64_t bytes = headBytes;
    for (const Layer& layer : m_layers)
        bytes = saturatingAdd(bytes, LayerWeights::bytesFor(m_request.model, layer.spec, type));
    m_weights = Buffer(bytes);
    m_unread = Buffer(unreadBytes(m_request));
    if (!m_weights.valid() || !m_unread.valid())
        return false;
    std::byte* at = m_weights.data();
    for (Layer& layer : m_layers) {
        layer.weights = LayerWeights(m_request.model, layer.spec, type, at);
        at += LayerWeights::bytesFor(m_request.model, layer.spec, type);
    }
    m_lmHead = {at, headBytes};
    return true;
}

bool CpuDecoder::allocateCaches() {
    for (std::size_t i = 0; i < m_layers.size(); ++i) {
        Layer& layer = m_layers[i];
        if (layer.cacheOwner == i)
            layer.cache = paged() ? KvCache::inPages(pageOf(layer.spec, m_request))
                                  : KvCache(layoutOf(layer.spec, m_request));
        if (!layer.cache.valid())
            return false;
    }
    return !paged() || addPage(m_request);
}

Status CpuDecoder::allocate() {
    if (Status status = chooseWhatFits(); !status)
        return status;
    if ((wholeStep() && !allocateWeights()) || !allocateCaches() ||
        !m_room.allocate(m_request, 1, m_pool.threads()))
        return doesNotFit(m_request,
                          saturatingAdd(ledger().totalBytes(),
                                        Workspace::bytesFor(m_request, 1, m_pool.threads())),
                          kCpuDeviceId);
    return Done{};
}

bool CpuDecoder::fillStep(const std::stop_token& stop) {
    constexpr int kScale = -6; // as LayerWeights::fill()
    const DataType type = m_request.weightsType;
    std::uint64_t seed = ~m_request.seed;
    for (Layer& layer : m_layers)
        if (!layer.weights.fill(m_pool, type, seed--, stop))
            return false;
    return fillRandomPanels(m_pool, m_lmHead, type, seed, kScale, stop) &&
           fillRandom(m_pool, m_unread, DataType::Int8, ~seed, 0, stop);
}

Status CpuDecoder::fill(const std::stop_token& stop) {
    bool done = m_room.fill(m_pool, m_request.seed, stop);
    for (std::size_t i = 0; i < m_layers.size() && done; ++i)
        done = m_layers[i].cache.fill(m_pool, m_request.seed + i + 1, stop);
    if (done && wholeStep())
        done = fillStep(stop);
    if (!done)
        return Error{ErrorCode::Interrupted, "stopped while the memory was filled", kCpuDeviceId,
                     ""};
    return Done{};
}

Status CpuDecoder::makeRoomForTwice(const std::stop_token& stop) {
    if (m_twice)
        return Done{};
    DecoderRequest twice = m_request;
    for (LayerSpec& layer : twice.model.layers)
        layer.nHeads *= 2;
    if (wholeStep())
        twice.batch *= 2;
    if (Status status = covered(twice); !status)
        return status;
    const std::uint64_t more = Workspace::bytesFor(m_request, 2, m_pool.threads());
    const std::uint64_t all = saturatingAdd(ledger().totalBytes(), more);
    const Error noRoom{ErrorCode::OutOfMemory,
                       "no room for twice the work",
                       kCpuDeviceId,
                       "",
                       more,
                       m_request.budgetBytes -
                           std::min(m_request.budgetBytes, ledger().totalBytes())};
    if (all > m_request.budgetBytes)
        return noRoom;
    Workspace room;
    if (!room.allocate(m_request, 2, m_pool.threads()))
        return noRoom;
    if (!room.fill(m_pool, m_request.seed, stop))
        return Error{ErrorCode::Interrupted, "stopped while the memory was filled", kCpuDeviceId,
                     ""};
    m_twice = std::move(room);
    return Done{};
}

Result<StepTiming> CpuDecoder::variedStep(StepVariation variation, std::stop_token stop) {
    if (variation != StepVariation::Normal)
        if (Status status = makeRoomForTwice(stop); !status)
            return status.error();
    return runStep(variation, stop);
}

bool CpuDecoder::runLayer(Layer& layer, StepVariation variation, Workspace& room,
                          const std::stop_token& stop) {
    KvCache& cache = m_layers[layer.cacheOwner].cache;
    const std::int64_t times = variation == StepVariation::Normal ? 1 : 2;
    const bool halved = variation == StepVariation::TwiceTheWorkHalfTheBytes;
    const std::vector<std::int64_t>& tokens = halved ? layer.half : layer.tokens;
    if (!wholeStep())
        return room.attention.run(m_pool, cache, unitOf(layer.spec, m_request),
                                  layer.spec.nHeads * times, tokens, room.queries.as<float>(),
                                  room.output.as<float>(), stop);
    const StepLayer work{m_request.model,
                         layer.spec,
                         m_request.weightsType,
                         layer.weights,
                         cache,
                         unitOf(layer.spec, m_request),
                         tokens,
                         m_request.context - 1,
                         times,
                         halved ? 2 : 1};
    return runStepLayer(m_pool, work, room.attention, room.activations, stop);
}

Result<StepTiming> CpuDecoder::runStep(StepVariation variation, const std::stop_token& stop) {
    Workspace& room = variation == StepVariation::Normal ? m_room : *m_twice;
    StepTiming timing;
    auto last = Clock::now();
    std::int64_t lastRuns = m_pool.sharedRuns();
    const auto lap = [&](double represents) {
        const auto now = Clock::now();
        const std::int64_t runs = m_pool.sharedRuns();
        timing.seconds += represents * std::chrono::duration<double>(now - last).count();
        timing.launches += represents * static_cast<double>(runs - lastRuns);
        last = now;
        lastRuns = runs;
    };
    const Error interrupted{ErrorCode::Interrupted, "stopped in a decode step", kCpuDeviceId, ""};
    if (wholeStep())
        startStep(room.activations);
    for (Layer& layer : m_layers) {
        if (!runLayer(layer, variation, room, stop))
            return interrupted;
        lap(layer.represents);
    }
    if (!wholeStep())
        return timing;
    const std::int64_t times = variation == StepVariation::Normal ? 1 : 2;
    const std::int64_t parts = variation == StepVariation::TwiceTheWorkHalfTheBytes ? 2 : 1;
    const std::int64_t vocabRows = std::max<std::int64_t>(1, m_request.model.vocabSize / parts);
    if (!runLmHead(m_pool, m_request.model, m_request.weightsType, m_lmHead, vocabRows,
                   m_request.batch * times, room.activations, stop))
        return interrupted;
    lap(1);
    return timing;
}

DecoderRequest CpuDecoder::requestGrown() const {
    DecoderRequest grown = m_request;
    grown.context += m_request.pageTokens;
    return grown;
}

bool CpuDecoder::wantsPage(std::size_t layer, const DecoderRequest& request) const {
    const Layer& each = m_layers[layer];
    return each.cacheOwner == layer && each.cache.layout().tokens < tokensHeld(each.spec, request);
}

std::uint64_t CpuDecoder::pageBytes(const DecoderRequest& request) const {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < m_layers.size(); ++i)
        if (wantsPage(i, request))
            bytes = saturatingAdd(bytes, m_layers[i].cache.pageBytes());
    return bytes;
}

bool CpuDecoder::addPage(const DecoderRequest& request) {
    Buffer page(pageBytes(request));
    if (!page.valid())
        return false;
    std::byte* at = page.data();
    for (std::size_t i = 0; i < m_layers.size(); ++i)
        if (wantsPage(i, request)) {
            m_layers[i].cache.addPage(at);
            at += m_layers[i].cache.pageBytes();
        }
    m_pages.push_back(std::move(page));
    return true;
}

void CpuDecoder::dropPage() {
    for (std::size_t i = 0; i < m_layers.size(); ++i)
        if (Layer& layer = m_layers[i];
            layer.cache.layout().tokens > tokensHeld(layer.spec, m_request))
            layer.cache.dropLastPage();
    m_pages.pop_back();
}

void CpuDecoder::readTo(std::int64_t context) {
    m_request.context = context;
    m_work = workOf(m_request);
    for (Layer& layer : m_layers) {
        const std::int64_t tokens = tokensRead(layer.spec, context);
        layer.tokens.assign(count(m_request.batch), tokens);
        layer.half.assign(count(m_request.batch), std::max<std::int64_t>(1, tokens / 2));
    }
}

Status CpuDecoder::grow(std::stop_token stop) {
    if (!paged())
        return Error{ErrorCode::BadUsage, "a cache in one piece does not grow", kCpuDeviceId, ""};
    const DecoderRequest grown = requestGrown();
    const std::uint64_t bytes = pageBytes(grown);
    const Error refused{ErrorCode::OutOfMemory,
                        fmt::format("the system refuses another page of {}", formatBytes(bytes)),
                        kCpuDeviceId,
                        "",
                        bytes,
                        0};
    if (!m_room.lengthen(grown, m_pool.threads()) || !addPage(grown))
        return refused;
    bool filled = true;
    for (std::size_t i = 0; i < m_layers.size() && filled; ++i)
        if (KvCache& cache = m_layers[i].cache;
            cache.layout().tokens > tokensHeld(m_layers[i].spec, m_request))
            filled = cache.fillLastPage(m_pool, m_request.seed + i + 1, stop);
    if (!filled) {
        dropPage();
        return Error{ErrorCode::Interrupted, "stopped while the memory was filled", kCpuDeviceId,
                     ""};
    }
    readTo(grown.context);
    return Done{};
}

Status CpuDecoder::holdBeside(const MemoryLedger& bytes, std::stop_token stop) {
    const auto lacking = [](std::uint64_t wanted, std::uint64_t held) {
        return wanted - std::min(wanted, held);
    };
    const std::uint64_t kv = lacking(bytes.kvBytes, m_besideBytes.kvBytes);
    const std::uint64_t workspace = lacking(bytes.workspaceBytes, m_besideBytes.workspaceBytes);
    Buffer more(saturatingAdd(kv, workspace));
    if (!more.valid())
        return Error{ErrorCode::OutOfMemory,
                     fmt::format("the system refuses {} more", formatBytes(more.bytes())),
                     "cpu",
                     "",
                     more.bytes(),
                     0};
    if (!fillRandom(m_pool, more, DataType::Int8, m_request.seed + m_beside.size(), 0, stop))
        return Error{ErrorCode::Interrupted, "stopped while the memory was filled", "cpu", ""};
    if (more.bytes() > 0)
        m_beside.push_back(std::move(more));
    m_besideBytes.kvBytes += kv;
    m_besideBytes.workspaceBytes += workspace;
    return Done{};
}

MemoryLedger CpuDecoder::ledgerGrown() const {
    MemoryLedger grown = ledger();
    if (!paged())
        return grown;
    const DecoderRequest request = requestGrown();
    grown.kvBytes = saturatingAdd(grown.kvBytes, pageBytes(request));
    const std::uint64_t room = Workspace::bytesFor(request, 1, m_pool.threads());
    grown.workspaceBytes += room - std::min(room, m_room.bytes());
    return grown;
}

MemoryLedger CpuDecoder::ledger() const {
    MemoryLedger ledger;
    for (const Layer& layer : m_layers)
        ledger.kvBytes += layer.cache.bytes();
    ledger.weightsBytes = m_weights.bytes() + m_unread.bytes();
    ledger.workspaceBytes = m_room.bytes() + (m_twice ? m_twice->bytes() : 0);
    ledger.kvBytes += m_besideBytes.kvBytes;
    ledger.workspaceBytes += m_besideBytes.workspaceBytes;
    return ledger;
}

bool CpuDecoder::cacheResident() const {
    // Twice the cache: replacement is not perfect, and part of a stream may survive a step.
    const MemoryLedger held = ledger();
    return held.kvBytes + held.weightsBytes <
           2 * cpuTopology().lastLevelCacheBytes.value_or(16 * kMiB);
}

} // namespace

Result<std::unique_ptr<Decoder>> makeCpuDecoder(const DecoderRequest& request,
                                                const std::stop_token& stop) {
    if (Status status = covered(request); !status)
        return status.error();
    auto decoder = std::make_unique<CpuDecoder>(
        request, request.threads > 0 ? request.threads : cpuTopology().threads);
    if (Status status = decoder->allocate(); !status)
        return status.error();
    if (Status status = decoder->fill(stop); !status)
        return status.error();
    return std::unique_ptr<Decoder>(std::move(decoder));
}

} // namespace decodescope
