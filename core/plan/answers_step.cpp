// SPDX-License-Identifier: Apache-2.0
// Answers about what one step reads and how long that takes.
#include <algorithm>

#include <fmt/format.h>

#include "core/plan/answer_numbers.h"
#include "core/plan/answers.h"
#include "core/plan/max_context.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// A step at least this much faster is worth a change of architecture; less is noise to a user.
constexpr double kGainThatMatters = 1.1;

std::string onEachDevice(const Plan& plan) {
    return plan.deployment.ranks() == 1
               ? ""
               : fmt::format("on the fullest of {} devices", plan.deployment.ranks());
}

/// What one step has to do on the device that holds the most: a stage of the pipeline reads its own
/// layers alone.
ForecastWork workOfFullestRank(const Plan& plan) {
    const Deployment& deployment = plan.deployment;
    if (deployment.pipelineParallel == 1)
        return plan.forecast.work;
    const ModelSpec& model = plan.variant.model;
    Workload workload;
    workload.kvTypes = plan.kvTypes;
    workload.weightsType = plan.weightsType;
    const auto ranks =
        rankFootprints(rankLoads(model, workload, deployment, plan.scope),
                       engineOn(deployment, plan.device.cpu), plan.context, plan.batch);
    const auto fullest = &fullestRank(ranks) - ranks.data();
    Deployment oneStage = deployment;
    oneStage.pipelineParallel = 1;
    ForecastWork work = forecastWork(stageOf(model, deployment.pipelineParallel, fullest), workload,
                                     plan.context, plan.batch, Scope::Attention, oneStage);
    // The weights by their share of the model's, as they lie in the memory.
    const double all = static_cast<double>(weightsBytes(model, workload.weightsType)) /
                       static_cast<double>(deployment.tensorParallel);
    if (all > 0)
        work.weightBytesRead =
            std::min(plan.fullestRank.weightsBytes,
                     saturatingRound(static_cast<double>(plan.forecast.work.weightBytesRead) *
                                     static_cast<double>(plan.fullestRank.weightsBytes) / all));
    return work;
}

} // namespace

Answer speedAnswer(const Plan& plan) {
    const Roofs& roofs = plan.device.roofs;
    const ForecastWork& work = plan.forecast.work;
    Answer answer;
    answer.id = "predicted_tokens_per_second";
    answer.question = fmt::format("Predicted speed at {}, batch {}", tokensInWords(plan.context),
                                  formatCount(plan.batch));
    answer.figure = "unknown";
    answer.remark = "the rates of the device are not known";
    answer.formula = "batch / (max(cache read / bandwidth, attention FLOP / peak) + max(weights "
                     "read / bandwidth, linear FLOP / peak))";
    if (plan.forecast.seconds <= 0)
        return answer;
    answer.value = plan.forecast.tokensPerSecond;
    answer.unverified = plan.device.speedUnverified();
    answer.figure = predictedSpeed(plan) + " tokens/s";
    answer.remark = plan.forecast.bound + "-bound";
    if (plan.range.known())
        answer.remark += "; in brackets " + rangeInWords(plan);
    const std::string taken =
        fmt::format("{} / {} ms", plan.batch, formatRounded(1000 * plan.forecast.seconds));
    if (plan.forecast.fromKernels) {
        answer.formula =
            "batch / time of a step, from what the kernels took when they were measured";
        answer.numbers = fmt::format("{}, range {} to {} ms", taken,
                                     formatRounded(1000 * plan.range.leastSeconds),
                                     formatRounded(1000 * plan.range.mostSeconds));
        return answer;
    }
    const auto time = [&](std::uint64_t bytes, std::uint64_t flop, double flopPerSecond) {
        return fmt::format("max({} / {} GB/s, {:.3g} GFLOP / {} TFLOP/s)", formatBytes(bytes),
                           formatRounded(roofs.bandwidthBytesPerSecond / 1e9),
                           static_cast<double>(flop) / 1e9, formatRounded(flopPerSecond / 1e12));
    };
    answer.numbers = fmt::format(
        "{} / ({} + {}) = {}", plan.batch,
        time(work.kvBytesRead, work.attentionFlop, plan.forecast.attentionFlopPerSecond),
        time(work.weightBytesRead, work.linearFlop, roofs.flopPerSecond), taken);
    return answer;
}

Answer fewerHeadsAnswer(const Plan& plan) {
    const LayerSpec* layer = plan.variant.model.attentionLayer();
    const double share = plan.forecast.kvReadShare;
    const bool softmax = layer != nullptr && layer->attention == AttentionKind::Softmax;
    const std::int64_t heads =
        softmax ? kvHeadsPerDevice(layer->nKvHeads, plan.deployment.tensorParallel) : 1;
    const double gain = 1 / (1 - share * (1 - 1 / static_cast<double>(heads)));
    const ForecastWork& work = plan.forecast.work;
    const std::string cache = formatBytes(work.kvBytesRead);
    Answer answer;
    answer.id = "best_gain_from_fewer_kv_heads";
    answer.question = "KV share of a step, and the best gain from fewer KV heads";
    answer.figure = fmt::format("{:.1f} %, at most {:.2f} times faster", 100 * share, gain);
    answer.remark = gain < kGainThatMatters ? "fewer KV heads buy room here, hardly speed"
                                            : "fewer KV heads buy room and speed here";
    answer.value = gain;
    answer.formula = "1 / (1 − f × (1 − 1 / KV heads)), f = cache read / (cache + weights read)";
    answer.numbers =
        fmt::format("f = {} / ({} + {}) = {:.4f}; 1 / (1 − {:.4f} × (1 − 1 / {})) = {:.3f}", cache,
                    cache, formatBytes(work.weightBytesRead), share, share, heads, gain);
    if (heads == 1) {
        answer.figure = fmt::format("{:.1f} %, no gain", 100 * share);
        answer.remark = "there are no KV heads left to save";
    }
    return answer;
}

Answer residentAndReadAnswer(const Plan& plan) {
    const Footprint& rank = plan.fullestRank;
    const std::uint64_t resident = rank.totalBytes();
    const ForecastWork work = workOfFullestRank(plan);
    const std::uint64_t read = work.bytesRead();
    Answer answer;
    answer.id = "resident_and_read_bytes";
    answer.question = "Resident against read in one step";
    answer.figure = fmt::format("{} resident, {} read", formatBytes(resident), formatBytes(read));
    answer.remark = onEachDevice(plan);
    answer.value = {{"resident_bytes", resident}, {"read_bytes", read}};
    answer.formula =
        "weights + cache + workspace + overhead against the weights and cache that one step reads";
    answer.numbers = fmt::format("{} = {} against {} + {} = {}", sumInNumbers(rank),
                                 formatBytes(resident), formatBytes(work.weightBytesRead),
                                 formatBytes(work.kvBytesRead), formatBytes(read));
    return answer;
}

Result<double> parseByteRate(std::string_view text) {
    const Error wrong{ErrorCode::BadUsage, fmt::format("\"{}\" is no rate", text), "",
                      "Write bytes a second above zero, as in 25 GB/s."};
    std::string_view size = text;
    if (const std::size_t slash = text.rfind('/'); slash != std::string_view::npos) {
        if (text.substr(slash + 1) != "s")
            return wrong;
        size = text.substr(0, slash);
    }
    const Result<std::uint64_t> bytes = parseBytes(size);
    if (!bytes || *bytes == 0)
        return wrong;
    return static_cast<double>(*bytes);
}

Answer offloadAnswer(const Plan& plan, const Workload& workload,
                     const AnswerAssumptions& assumptions) {
    const double bandwidth = plan.device.roofs.bandwidthBytesPerSecond;
    const double link = assumptions.pcieBytesPerSecond;
    const std::uint64_t weights = plan.forecast.work.weightBytesRead;
    Answer answer;
    answer.id = "offload_break_even_tokens";
    answer.question = "Break-even context for a cache kept in host memory";
    answer.formula = "the most tokens with cache read / PCIe bandwidth ≤ weights read / bandwidth";
    if (bandwidth <= 0 || weights == 0) {
        answer.figure = bandwidth <= 0 ? "unknown" : "none";
        answer.remark = bandwidth <= 0 ? "no bandwidth is known"
                                       : "no weights are read beside which it could hide";
        return answer;
    }
    const double seconds = static_cast<double>(weights) / bandwidth;
    const auto cacheRead = [&](std::int64_t context) {
        return forecastWork(plan.variant.model, workload, context, plan.batch, plan.scope,
                            plan.deployment)
            .kvBytesRead;
    };
    const std::int64_t most = largestThatFits([&](std::int64_t context) {
        return static_cast<double>(cacheRead(context)) / link <= seconds;
    });
    answer.value = most;
    answer.unverified = plan.device.speedUnverified();
    answer.figure = tokensInWords(most);
    answer.remark = "beyond them a step waits for the link";
    if (most == kUnboundedContext) {
        answer.figure = "at any context";
        answer.remark = "the transfer hides behind the weights";
    } else if (most == 0) {
        answer.figure = "none";
        answer.remark = "a step waits for the link from the first token";
    }
    const std::int64_t shown = std::clamp<std::int64_t>(most, 1, kUnboundedContext - 1);
    const std::uint64_t cache = cacheRead(most == kUnboundedContext ? plan.context : shown);
    answer.numbers = fmt::format(
        "{} at {} / {:.3g} GB/s assumed for PCIe = {} ms; {} / {:.0f} GB/s = {} ms",
        formatBytes(cache), tokensInWords(most == kUnboundedContext ? plan.context : shown),
        link / 1e9, formatRounded(1000 * static_cast<double>(cache) / link), formatBytes(weights),
        bandwidth / 1e9, formatRounded(1000 * seconds));
    return answer;
}

} // namespace decodescope
