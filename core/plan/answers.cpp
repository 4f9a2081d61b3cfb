// SPDX-License-Identifier: Apache-2.0
#include "core/plan/answers.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/plan/answer_numbers.h"
#include "core/plan/max_context.h"
#include "core/plan/unverified.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr const char* kRoom = "memory − reserve − weights − workspace − overhead";

/// What the fullest rank holds with other contexts or batches than the plan's.
class OtherLoads {
public:
    explicit OtherLoads(const Plan& plan)
        : m_engine(engineOn(plan.deployment, plan.device.cpu)),
          m_loads(rankLoads(plan.variant.model, workloadOf(plan), plan.deployment, plan.scope)) {}
    [[nodiscard]] Footprint fullest(std::int64_t context, std::int64_t batch) const {
        return fullestRank(rankFootprints(m_loads, m_engine, context, batch));
    }

private:
    static Workload workloadOf(const Plan& plan) {
        Workload workload;
        workload.kvTypes = plan.kvTypes;
        workload.weightsType = plan.weightsType;
        return workload;
    }
    Engine m_engine;
    std::vector<RankLoad> m_loads;
};

std::string sequences(std::int64_t count) {
    return formatCount(count) + (count == 1 ? " sequence" : " sequences");
}

} // namespace

std::string Answer::text() const {
    return marked(figure, unverified) + (remark.empty() ? "" : "; " + remark);
}

void to_json(nlohmann::json& json, const Answer& answer) {
    json = {{"id", answer.id},
            {"question", answer.question},
            {"answer", answer.text()},
            {"value", answer.value},
            {"formula", answer.formula},
            {"numbers", answer.numbers},
            {"unverified", answer.unverified}};
}

Answer longestContextAnswer(const Plan& plan) {
    Answer answer;
    answer.id = "longest_context_tokens";
    answer.question = fmt::format("Longest context at batch {}", formatCount(plan.batch));
    answer.figure = "not even one token fits";
    answer.unverified = plan.device.memoryUnverified();
    answer.value = plan.maxContext;
    answer.formula = fmt::format("the most tokens whose cache is at most {}", kRoom);
    answer.numbers = roomInNumbers(plan);
    if (!plan.maxContextBounded) {
        answer.figure = "memory sets no limit";
        answer.numbers += "; the cache stops growing before";
    } else {
        const OtherLoads other(plan);
        const std::int64_t shown = std::max<std::int64_t>(1, plan.maxContext);
        answer.numbers +=
            fmt::format("; {} {} {}", tokensInWords(shown), shown == 1 ? "takes" : "take",
                        formatBytes(other.fullest(shown, plan.batch).kvBytes));
        if (plan.maxContext > 0) {
            answer.figure = tokensInWords(plan.maxContext);
            answer.numbers += ", one more does not fit";
        }
    }
    if (const auto& trained = plan.variant.model.maxPosition; trained && plan.maxContext > *trained)
        answer.remark = fmt::format("the model itself ends at {}", formatCount(*trained));
    return answer;
}

Answer largestBatchAnswer(const Plan& plan) {
    const OtherLoads other(plan);
    const auto needed = [&](std::int64_t batch) { return other.fullest(plan.context, batch); };
    const std::int64_t batch = largestThatFits(
        [&](std::int64_t count) { return needed(count).totalBytes() <= capacityBytes(plan); });
    Answer answer;
    answer.id = "largest_batch";
    answer.question = fmt::format("Largest batch at {}", tokensInWords(plan.context));
    answer.figure = "not even one fits";
    answer.unverified = plan.device.memoryUnverified();
    answer.value = batch;
    answer.formula =
        "the most sequences with weights + caches + workspace + overhead ≤ memory − reserve";
    const std::string capacity = capacityInNumbers(plan.device.memoryBytes, plan.reserveBytes);
    const std::int64_t shown = batch == kUnboundedContext ? plan.batch : batch;
    const auto sum = [&](std::int64_t count) {
        const Footprint all = needed(count);
        return fmt::format("{}: {} = {}", sequences(count), sumInNumbers(all),
                           formatBytes(all.totalBytes()));
    };
    if (batch == 0) {
        answer.numbers = fmt::format("{} > {}", sum(1), capacity);
        return answer;
    }
    answer.figure = batch == kUnboundedContext ? "memory sets no limit" : sequences(batch);
    answer.numbers = fmt::format("{} ≤ {}", sum(shown), capacity);
    if (batch != kUnboundedContext)
        answer.numbers += fmt::format("; {}: {}", sequences(batch + 1),
                                      formatBytes(needed(batch + 1).totalBytes()));
    return answer;
}

std::vector<Answer> answers(const Plan& plan, const Workload& workload,
                            std::span<const DeviceSpec> catalogue,
                            const AnswerAssumptions& assumptions) {
    return {longestContextAnswer(plan),
            largestBatchAnswer(plan),
            smallestDeviceAnswer(plan, workload, catalogue),
            largestWeightTypeAnswer(plan, workload),
            speedAnswer(plan),
            fewerHeadsAnswer(plan),
            residentAndReadAnswer(plan),
            offloadAnswer(plan, workload, assumptions)};
}

std::string answersList(const Plan& plan, const std::vector<Answer>& answers) {
    std::string text = fmt::format("\n{}, {}, batch {}:\n\n", plan.variant.label,
                                   tokensInWords(plan.context), formatCount(plan.batch));
    for (const Answer& answer : answers) {
        text += fmt::format("- {}: {}", answer.question, answer.text());
        if (!answer.numbers.empty())
            text += fmt::format("  \n  {}  \n  {}", answer.formula, answer.numbers);
        text += '\n';
    }
    return text;
}

} // namespace decodescope
