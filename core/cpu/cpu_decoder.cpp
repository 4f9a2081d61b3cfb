// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/cpu_decoder.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "core/cpu/attention.h"
#include "core/cpu/capabilities.h"
#include "core/cpu/layer_choice.h"
#include "core/cpu/random_fill.h"
#include "core/cpu/topology.h"
#include "core/spec/cache_law.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t count(std::int64_t n) {
    return static_cast<std::uint64_t>(n);
}

std::int64_t tokensRead(const LayerSpec& layer, std::int64_t context) {
    return layer.window > 0 ? std::min(context, layer.window) : context;
}

KvLayout layoutOf(const LayerSpec& layer, const DecoderRequest& request) {
    return {request.kvTypes.key, request.batch,  layer.nKvHeads,
            layer.headDimK,      layer.headDimV, tokensRead(layer, request.context)};
}

Attention::Shape shapeOf(const LayerSpec& layer, const DecoderRequest& request) {
    return {request.batch,  layer.nHeads,   layer.nKvHeads,
            layer.headDimK, layer.headDimV, tokensRead(layer, request.context)};
}

/// Work of the whole model by the formulas of the plan (forecastWork()).
StepWork workOf(const DecoderRequest& request) {
    StepWork work;
    for (const LayerSpec& layer : request.model.layers) {
        const std::uint64_t kv = cacheLaw(layer, request.kvTypes).bytes(request.context);
        work.kvBytesRead =
            saturatingAdd(work.kvBytesRead, saturatingMultiply(kv, count(request.batch)));
        const std::int64_t width = 2 * layer.nHeads * (layer.headDimK + layer.headDimV);
        work.attentionFlop =
            saturatingAdd(work.attentionFlop,
                          saturatingMultiply(count(width * tokensRead(layer, request.context)),
                                             count(request.batch)));
    }
    return work;
}

/// The index in `chosen` of the layer whose cache `layer` reads: itself, or the last owner of a
/// cache of the same shape before it. None where that was not chosen.
std::optional<std::size_t> cacheOf(const DecoderRequest& request,
                                   const std::vector<LayerChoice::Chosen>& chosen, std::size_t at) {
    const LayerSpec& reader = request.model.layers[chosen[at].layer];
    for (std::size_t i = at + 1; i-- > 0;) {
        const LayerSpec& owner = request.model.layers[chosen[i].layer];
        if (owner.ownsCache && (i == at || layoutOf(owner, request) == layoutOf(reader, request)))
            return i;
    }
    return std::nullopt;
}

class CpuDecoder : public Decoder {
public:
    CpuDecoder(const DecoderRequest& request, int threads)
        : m_request(request), m_pool(threads), m_work(workOf(request)) {}

    [[nodiscard]] Status allocate();
    [[nodiscard]] Status fill(const std::stop_token& stop);

    Result<StepTiming> step(std::stop_token stop) override;
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
        KvCache cache;                    ///< empty where another layer owns it
        std::vector<std::int64_t> tokens; ///< that each sequence's attention reads
    };
    [[nodiscard]] std::uint64_t workspaceBytes() const;
    [[nodiscard]] Error outOfMemory(std::uint64_t bytesAsked) const;
    [[nodiscard]] Status chooseWhatFits();
    [[nodiscard]] bool runLayer(Layer& layer, const std::stop_token& stop);

    DecoderRequest m_request;
    ThreadPool m_pool;
    StepWork m_work;
    std::vector<Layer> m_layers;
    Attention m_attention;
    Buffer m_queries; ///< [sequence][head][headDimK]
    Buffer m_output;  ///< [sequence][head][headDimV]
};

std::uint64_t CpuDecoder::workspaceBytes() const {
    std::uint64_t attention = 0;
    std::uint64_t queries = 0;
    std::uint64_t output = 0;
    for (const LayerSpec& layer : m_request.model.layers) {
        attention = std::max(
            attention, Attention::workspaceBytes(shapeOf(layer, m_request), m_pool.threads()));
        const std::uint64_t rows = count(m_request.batch * layer.nHeads) * sizeof(float);
        queries = std::max(queries, rows * count(layer.headDimK));
        output = std::max(output, rows * count(layer.headDimV));
    }
    return saturatingAdd(attention, queries + output);
}

Error CpuDecoder::outOfMemory(std::uint64_t bytesAsked) const {
    return {ErrorCode::OutOfMemory,
            fmt::format("not one layer fits: a batch of {} with {} tokens needs {}, and {} are "
                        "free",
                        m_request.batch, formatCount(m_request.context), formatBytes(bytesAsked),
                        formatBytes(m_request.budgetBytes)),
            "cpu",
            "Choose a shorter context, a smaller batch or fewer KV heads.",
            bytesAsked,
            m_request.budgetBytes};
}

Status CpuDecoder::chooseWhatFits() {
    std::vector<LayerCost> costs;
    std::uint64_t smallest = std::numeric_limits<std::uint64_t>::max();
    for (const LayerSpec& layer : m_request.model.layers) {
        const std::uint64_t bytes = layoutOf(layer, m_request).bytes();
        costs.push_back({layer.ownsCache ? bytes : 0, static_cast<double>(bytes)});
        smallest = std::min(smallest, bytes);
    }
    const std::uint64_t workspace = workspaceBytes();
    const std::uint64_t least = saturatingAdd(workspace, smallest);
    if (least > m_request.budgetBytes)
        return outOfMemory(least);
    std::vector<LayerChoice::Chosen> chosen =
        chooseLayers(m_request.model, costs, m_request.budgetBytes - workspace).layers;
    double kept = 0;
    double dropped = 0;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const auto owner = cacheOf(m_request, chosen, i);
        const double work = costs[chosen[i].layer].work * chosen[i].represents;
        (owner ? kept : dropped) += work;
    }
    if (kept <= 0)
        return outOfMemory(least);
    std::vector<std::size_t> place(chosen.size());
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const auto owner = cacheOf(m_request, chosen, i);
        if (!owner)
            continue;
        place[i] = m_layers.size();
        Layer layer;
        layer.spec = m_request.model.layers[chosen[i].layer];
        layer.represents = chosen[i].represents * (1 + dropped / kept);
        layer.cacheOwner = place[*owner];
        layer.tokens.assign(count(m_request.batch), tokensRead(layer.spec, m_request.context));
        m_layers.push_back(std::move(layer));
    }
    return Done{};
}

Status CpuDecoder::allocate() {
    if (Status status = chooseWhatFits(); !status)
        return status;
    bool valid = true;
    std::uint64_t queryBytes = 0;
    std::uint64_t outputBytes = 0;
    for (std::size_t i = 0; i < m_layers.size() && valid; ++i) {
        Layer& layer = m_layers[i];
        if (layer.cacheOwner == i) {
            layer.cache = KvCache(layoutOf(layer.spec, m_request));
            valid = layer.cache.valid();
        }
        const std::uint64_t rows = count(m_request.batch * layer.spec.nHeads) * sizeof(float);
        queryBytes = std::max(queryBytes, rows * count(layer.spec.headDimK));
        outputBytes = std::max(outputBytes, rows * count(layer.spec.headDimV));
        valid = valid && m_attention.grow(shapeOf(layer.spec, m_request), m_pool.threads());
    }
    if (valid) {
        m_queries = Buffer(queryBytes);
        m_output = Buffer(outputBytes);
    }
    if (!valid || !m_queries.valid() || !m_output.valid())
        return outOfMemory(saturatingAdd(ledger().totalBytes(), workspaceBytes()));
    return Done{};
}

Status CpuDecoder::fill(const std::stop_token& stop) {
    const DataType type = m_request.kvTypes.key;
    bool done = fillRandom(m_pool, m_queries, DataType::F32, m_request.seed, 0, stop);
    for (std::size_t i = 0; i < m_layers.size() && done; ++i)
        done =
            fillRandom(m_pool, m_layers[i].cache.buffer(), type, m_request.seed + i + 1, 0, stop);
    if (!done)
        return Error{ErrorCode::Interrupted, "stopped while the KV cache was filled", "cpu", ""};
    return Done{};
}

bool CpuDecoder::runLayer(Layer& layer, const std::stop_token& stop) {
    return m_attention.run(m_pool, m_layers[layer.cacheOwner].cache, layer.spec.nHeads,
                           layer.tokens, m_queries.as<float>(), m_output.as<float>(), stop);
}

Result<StepTiming> CpuDecoder::step(std::stop_token stop) {
    double seconds = 0;
    auto last = Clock::now();
    for (Layer& layer : m_layers) {
        if (!runLayer(layer, stop))
            return Error{ErrorCode::Interrupted, "stopped in a decode step", "cpu", ""};
        const auto now = Clock::now();
        seconds += layer.represents * std::chrono::duration<double>(now - last).count();
        last = now;
    }
    return StepTiming{seconds};
}

MemoryLedger CpuDecoder::ledger() const {
    MemoryLedger ledger;
    for (const Layer& layer : m_layers)
        ledger.kvBytes += layer.cache.bytes();
    ledger.workspaceBytes = m_attention.bytes() + m_queries.bytes() + m_output.bytes();
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
