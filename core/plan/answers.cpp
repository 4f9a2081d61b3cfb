// SPDX-License-Identifier: Apache-2.0
#include "core/plan/answers.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/plan/max_context.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr const char* kRoom = "memory − reserve − weights − workspace − overhead";

/// The fullest rank's room for its cache, with the numbers put in.
std::string roomInNumbers(const Plan& plan) {
    const Footprint& rank = plan.fullestRank;
    return fmt::format("{} − {} − {} − {} − {}", formatBytes(plan.device.memoryBytes),
                       formatBytes(plan.reserveBytes), formatBytes(rank.weightsBytes),
                       formatBytes(rank.workspaceBytes), formatBytes(rank.overheadBytes));
}

std::uint64_t capacityOf(const Plan& plan) {
    return plan.device.memoryBytes - std::min(plan.device.memoryBytes, plan.reserveBytes);
}

std::string marked(std::string text, bool unverified) {
    return unverified ? text + " (unverified)" : text;
}

} // namespace

void to_json(nlohmann::json& json, const Answer& answer) {
    json = {{"id", answer.id},       {"question", answer.question}, {"answer", answer.text},
            {"value", answer.value}, {"formula", answer.formula},   {"numbers", answer.numbers}};
}

Answer longestContextAnswer(const Plan& plan) {
    Answer answer{"longest_context_tokens",
                  fmt::format("Longest context at batch {}", formatCount(plan.batch)),
                  "not even one token fits",
                  plan.maxContext,
                  fmt::format("the most tokens whose cache is at most {}", kRoom),
                  fmt::format("{} for {} at {} tokens", roomInNumbers(plan),
                              formatBytes(plan.fullestRank.kvBytes), formatCount(plan.context))};
    if (!plan.maxContextBounded)
        answer.text = "memory sets no limit";
    else if (plan.maxContext > 0)
        answer.text = formatCount(plan.maxContext) + " tokens";
    if (const auto& trained = plan.variant.model.maxPosition; trained && plan.maxContext > *trained)
        answer.text += fmt::format(", the model itself ends at {}", formatCount(*trained));
    answer.text = marked(answer.text, plan.device.memoryUnverified());
    return answer;
}

Answer largestBatchAnswer(const Plan& plan, const Workload& workload) {
    const Engine engine = engineOn(plan.deployment, plan.device.cpu);
    const auto loads = rankLoads(plan.variant.model, workload, plan.deployment, plan.scope);
    const std::int64_t batch = largestThatFits([&](std::int64_t sequences) {
        const auto ranks = rankFootprints(loads, engine, plan.context, sequences);
        return fullestRank(ranks).totalBytes() <= capacityOf(plan);
    });
    std::string text = "not even one fits";
    if (batch == kUnboundedContext)
        text = "memory sets no limit";
    else if (batch > 0)
        text = formatCount(batch) + (batch == 1 ? " sequence" : " sequences");
    return {"largest_batch",
            fmt::format("Largest batch at {} tokens", formatCount(plan.context)),
            marked(text, plan.device.memoryUnverified()),
            batch,
            fmt::format("the most sequences whose caches are at most {}", kRoom),
            fmt::format("{} for {} at batch {}", roomInNumbers(plan),
                        formatBytes(plan.fullestRank.kvBytes), formatCount(plan.batch))};
}

Answer fewerHeadsAnswer(const Plan& plan) {
    const LayerSpec* layer = plan.variant.model.attentionLayer();
    const double share = plan.forecast.kvReadShare;
    const bool softmax = layer != nullptr && layer->attention == AttentionKind::Softmax;
    const std::int64_t heads =
        softmax ? kvHeadsPerDevice(layer->nKvHeads, plan.deployment.tensorParallel) : 1;
    const double gain = 1 / (1 - share * (1 - 1 / static_cast<double>(heads)));
    Answer answer{"best_gain_from_fewer_kv_heads",
                  "KV share of a step, and the best gain from fewer KV heads",
                  fmt::format("{:.1f} % of the bytes read are cache; one KV head makes a step at "
                              "most {:.2f} times faster",
                              100 * share, gain),
                  gain,
                  "1 / (1 − f × (1 − 1 / KV heads)), f = cache read / (cache + weights read)",
                  fmt::format("f = {} / ({} + {}) = {:.4f}; 1 / (1 − {:.4f} × (1 − 1 / {}))",
                              formatBytes(plan.forecast.work.kvBytesRead),
                              formatBytes(plan.forecast.work.kvBytesRead),
                              formatBytes(plan.forecast.work.weightBytesRead), share, share,
                              heads)};
    if (heads == 1)
        answer.text = fmt::format("{:.1f} % of the bytes read are cache; there are no KV heads "
                                  "left to save",
                                  100 * share);
    return answer;
}

Answer residentAndReadAnswer(const Plan& plan) {
    const ForecastWork& work = plan.forecast.work;
    const Footprint& rank = plan.fullestRank;
    const std::uint64_t resident = rank.totalBytes();
    const std::uint64_t read = work.bytesRead();
    return {"resident_and_read_bytes",
            "Resident against read in one step",
            fmt::format("{} resident on a device, {} read by a step", formatBytes(resident),
                        formatBytes(read)),
            {{"resident_bytes", resident}, {"read_bytes", read}},
            "weights + cache + workspace + overhead against weights and cache that one step reads",
            fmt::format("{} + {} + {} + {} against {} + {}", formatBytes(rank.weightsBytes),
                        formatBytes(rank.kvBytes), formatBytes(rank.workspaceBytes),
                        formatBytes(rank.overheadBytes), formatBytes(work.weightBytesRead),
                        formatBytes(work.kvBytesRead))};
}

Answer offloadAnswer(const Plan& plan, const Workload& workload,
                     const AnswerAssumptions& assumptions) {
    const double bandwidth = plan.device.roofs.bandwidthBytesPerSecond;
    const std::uint64_t weights = plan.forecast.work.weightBytesRead;
    Answer answer{"offload_break_even_tokens",
                  "Break-even context for a cache kept in host memory",
                  "",
                  nullptr,
                  "the most tokens with cache read / PCIe bandwidth ≤ weights read / bandwidth",
                  ""};
    if (bandwidth <= 0 || weights == 0) {
        answer.text = bandwidth <= 0 ? "unknown: no bandwidth is known"
                                     : "none: no weights are read beside which it could hide";
        return answer;
    }
    const double seconds = static_cast<double>(weights) / bandwidth;
    const std::int64_t tokens = largestThatFits([&](std::int64_t context) {
        const ForecastWork work = forecastWork(plan.variant.model, workload, context, plan.batch,
                                               plan.scope, plan.deployment);
        return static_cast<double>(work.kvBytesRead) / assumptions.pcieBytesPerSecond <= seconds;
    });
    answer.value = tokens;
    if (tokens == kUnboundedContext)
        answer.text = "at any context the transfer hides behind the weights";
    else if (tokens == 0)
        answer.text = "none: a step waits for the link from the first token";
    else
        answer.text =
            fmt::format("{} tokens; beyond them a step waits for the link", formatCount(tokens));
    answer.text = marked(answer.text, plan.device.speedUnverified());
    answer.numbers = fmt::format("{:.3g} GB/s assumed for PCIe; {} / {:.0f} GB/s = {:.3g} ms",
                                 assumptions.pcieBytesPerSecond / 1e9, formatBytes(weights),
                                 bandwidth / 1e9, 1000 * seconds);
    return answer;
}

std::vector<Answer> answers(const Plan& plan, const Workload& workload,
                            std::span<const DeviceSpec> catalogue,
                            const AnswerAssumptions& assumptions) {
    return {longestContextAnswer(plan),
            largestBatchAnswer(plan, workload),
            smallestDeviceAnswer(plan, workload, catalogue),
            largestWeightTypeAnswer(plan, workload),
            fewerHeadsAnswer(plan),
            residentAndReadAnswer(plan),
            offloadAnswer(plan, workload, assumptions)};
}

std::string answersList(const Plan& plan, const std::vector<Answer>& answers) {
    std::string text = fmt::format("\n{}, {} tokens, batch {}:\n\n", plan.variant.label,
                                   formatCount(plan.context), formatCount(plan.batch));
    for (const Answer& answer : answers) {
        text += fmt::format("- {}: {}", answer.question, answer.text);
        if (!answer.numbers.empty())
            text += fmt::format("  \n  {}: {}", answer.formula, answer.numbers);
        text += '\n';
    }
    return text;
}

} // namespace decodescope
