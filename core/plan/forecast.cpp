// SPDX-License-Identifier: Apache-2.0
#include "core/plan/forecast.h"

#include <algorithm>

#include "core/plan/engines/engine_cache.h"
#include "core/plan/footprint.h"
#include "core/spec/count.h"
#include "core/spec/layer_matrices.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// Query-key and value products of one layer for one new token: 2 × n_heads × tokens × (d_k + d_v).
/// MLA runs on the latent as MQA does: keys of the latent's whole width, values of its rank.
std::uint64_t attentionFlop(const LayerSpec& layer, std::int64_t context) {
    std::int64_t width = layer.headDimK + layer.headDimV;
    if (layer.attention == AttentionKind::Mla)
        width = 2 * layer.mla.kvLoraRank + layer.mla.qkRopeHeadDim;
    else if (layer.attention != AttentionKind::Softmax)
        return 0;
    const std::int64_t tokens = layer.window > 0 ? std::min(context, layer.window) : context;
    return saturatingMultiply(count(2 * layer.nHeads * width), count(tokens));
}

std::uint64_t divided(std::uint64_t work, std::int64_t ranks) {
    const auto by = static_cast<std::uint64_t>(ranks);
    return work / by + (work % by == 0 ? 0 : 1);
}

/// Attention and linear layers, each at its own roof.
double secondsOf(const ForecastWork& work, const Roofs& roofs, double attentionFlopPerSecond) {
    Roofs attention = roofs;
    attention.flopPerSecond = attentionFlopPerSecond;
    return floorSeconds(attention, work.kvBytesRead, work.attentionFlop) +
           floorSeconds(roofs, work.weightBytesRead, work.linearFlop);
}

/// The peak of work in turns, each at its own.
struct Turns {
    double flop = 0, seconds = 0;
    void add(double more, double flopPerSecond) {
        flop += more;
        seconds += flopPerSecond > 0 ? more / flopPerSecond : 0;
    }
    [[nodiscard]] double flopPerSecond(double ofNone) const {
        return seconds > 0 ? flop / seconds : ofNone;
    }
};

struct Step {
    const ModelSpec& model;
    const Workload& workload;
    std::int64_t context, batch;
    Scope scope;
    std::int64_t newTokens; ///< of each sequence: as many queries read one KV head
};

/// Seconds on an undisturbed device; nothing where the kernels do not cover the model or its types.
std::optional<double> kernelSeconds(const Step& step, const ForecastWork& work,
                                    const KernelModel& kernels) {
    const int threads = step.workload.threads > 0 ? step.workload.threads : kernels.threads();
    const auto stepBytes = static_cast<double>(work.bytesRead());
    double seconds = kernels.startSeconds(threads);
    const LayerSpec* last = nullptr; // most models repeat one layer
    double lastSeconds = 0;
    for (const LayerSpec& layer : step.model.layers) {
        if (!last || !(*last == layer)) {
            last = &layer;
            lastSeconds = kernels.layerSeconds(step.scope, threads);
            if (layer.attention == AttentionKind::Softmax) {
                const std::int64_t tokens =
                    layer.window > 0 ? std::min(step.context, layer.window) : step.context;
                const auto attention = kernels.attentionSeconds(
                    {step.workload.kvTypes, layer.nHeads * step.newTokens, layer.nKvHeads,
                     layer.headDimK, layer.headDimV, tokens, step.batch},
                    threads, stepBytes);
                if (!attention)
                    return std::nullopt;
                lastSeconds += *attention;
            } else if (layer.attention != AttentionKind::None) {
                return std::nullopt;
            }
        }
        seconds += lastSeconds;
    }
    if (step.scope == Scope::Attention)
        return seconds;
    const auto linear =
        kernels.linearSeconds(step.workload.weightsType,
                              {static_cast<double>(work.weightBytesRead), valuesPassed(step.model)},
                              step.batch * step.newTokens, threads, stepBytes);
    return linear ? std::optional(seconds + *linear) : std::nullopt;
}

/// Of the layers' attention, by what their kernels multiply with. Precondition: roofs.known().
double attentionPeak(const Step& step, const Roofs& roofs, const Engine& engine) {
    Turns turns;
    for (const LayerSpec& each : step.model.layers) {
        const LayerSpec layer = asStored(engine, each);
        const std::int64_t kvHeads = layer.attention == AttentionKind::Softmax
                                         ? std::max<std::int64_t>(1, layer.nKvHeads)
                                         : 1; // MLA's latent is one for all heads
        turns.add(static_cast<double>(attentionFlop(layer, step.context)),
                  roofs.attentionFlopPerSecond(step.workload.kvTypes,
                                               layer.nHeads * step.newTokens / kvHeads));
    }
    return turns.flopPerSecond(roofs.flopPerSecond);
}

} // namespace

ForecastWork forecastWork(const ModelSpec& model, const Workload& workload, std::int64_t context,
                          std::int64_t batch, Scope scope, const Deployment& deployment,
                          std::int64_t newTokens) {
    ForecastWork work;
    const std::int64_t rows = batch * newTokens; // that pass the linear layers
    const std::int64_t ranks = deployment.tensorParallel;
    const std::int64_t cacheRanks = deployment.engine.splitsCache ? ranks : 1;
    const Engine& engine = deployment.engine;
    for (const LayerSpec& layer : model.layers) {
        work.attentionFlop =
            saturatingAdd(work.attentionFlop, attentionFlop(asStored(engine, layer), context));
        work.kvBytesRead = saturatingAdd(
            work.kvBytesRead, engineBytesRead(engine, layer, workload.kvTypes, context, ranks));
    }
    work.attentionFlop = divided(saturatingMultiply(work.attentionFlop, count(rows)), cacheRanks);
    work.kvBytesRead = saturatingMultiply(work.kvBytesRead, count(batch));
    if (scope == Scope::Step) {
        work.weightBytesRead = divided(weightsBytesRead(model, workload.weightsType, rows), ranks);
        if (work.weightBytesRead > 0)
            // A multiply and an add with every parameter that one token passes.
            work.linearFlop = divided(
                saturatingMultiply(saturatingRound(2 * parametersRead(model, 1)), count(rows)),
                ranks);
    }
    return work;
}

Forecast forecast(const ModelSpec& model, const Workload& workload, std::int64_t context,
                  std::int64_t batch, Scope scope, const Roofs& roofs, const Deployment& deployment,
                  const KernelModel* kernels, std::int64_t newTokens) {
    Forecast result;
    result.work = forecastWork(model, workload, context, batch, scope, deployment, newTokens);
    const ForecastWork& work = result.work;
    result.intensity = arithmeticIntensity(work.flop(), work.bytesRead());
    result.roofs = roofs;
    result.attentionFlopPerSecond = roofs.flopPerSecond;
    const Step step{model, workload, context, batch, scope, newTokens};
    if (roofs.known()) {
        result.attentionFlopPerSecond = attentionPeak(step, roofs, deployment.engine);
        Turns turns;
        turns.add(static_cast<double>(work.attentionFlop), result.attentionFlopPerSecond);
        turns.add(static_cast<double>(work.linearFlop), roofs.flopPerSecond);
        result.roofs.flopPerSecond = turns.flopPerSecond(roofs.flopPerSecond);
    }
    result.bound = roofBound(result.roofs, work.bytesRead(), work.flop());
    if (work.bytesRead() > 0)
        result.kvReadShare =
            static_cast<double>(work.kvBytesRead) / static_cast<double>(work.bytesRead());
    if (!roofs.known())
        return result;
    result.seconds = secondsOf(work, roofs, result.attentionFlopPerSecond);
    if (kernels && deployment.tensorParallel == 1)
        if (const auto seconds = kernelSeconds(step, work, *kernels)) {
            const KernelRates& rates = kernels->rates();
            result.fromKernels = true;
            result.seconds = *seconds * rates.usualSlowdown;
            result.range = {*seconds, *seconds * std::max(rates.usualSlowdown, rates.mostSlowdown)};
        }
    if (result.seconds > 0)
        result.tokensPerSecond = static_cast<double>(batch * newTokens) / result.seconds;
    return result;
}

ForecastRange forecastRange(const Forecast& step, const Roofs& roofs, const RateRange& range) {
    if (!roofs.known() || !range.known())
        return {};
    const auto at = [&](double bandwidth, double flop) {
        return secondsOf(
            step.work,
            {roofs.bandwidthBytesPerSecond * bandwidth, roofs.flopPerSecond * flop, roofs.measured},
            step.attentionFlopPerSecond * flop);
    };
    return {at(range.bandwidthHigh, range.flopHigh), at(range.bandwidthLow, range.flopLow)};
}

} // namespace decodescope
