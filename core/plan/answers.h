// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/plan/plan.h"

namespace decodescope {

/// What answers take for granted beside the plan.
struct AnswerAssumptions {
    /// From host memory to the device; the default is what PCIe 4.0 × 16 (31.5 GB/s) carries.
    double pcieBytesPerSecond = 25e9;
    bool operator==(const AnswerAssumptions&) const = default;
};

/// "25GB", "31.5 GB/s" or "12 GiB/s" in bytes per second. Errors: BadUsage for what is no rate
/// above zero.
[[nodiscard]] Result<double> parseByteRate(std::string_view text);

/// One answer with its reason.
// NOLINTNEXTLINE(bugprone-exception-escape): nlohmann::json moves without throwing
struct Answer {
    std::string id;          ///< stable: "longest_context_tokens", "largest_batch", …
    std::string question;    ///< "Longest context at batch 1"
    std::string figure;      ///< for people: "65,738 tokens"
    std::string remark;      ///< what belongs to the figure; may be empty
    bool unverified = false; ///< rests on a field of the catalogue that nobody has checked
    nlohmann::json value;    ///< the bare value; null: there is none, and `figure` says so
    std::string formula;     ///< with names: "1 / (1 − f × (1 − 1 / KV heads))"
    std::string numbers;     ///< the same with the plan's numbers put in; empty where there is none

    /// The figure with its mark, and the remark: "65,738 tokens; the model itself ends at 32,768".
    [[nodiscard]] std::string text() const;
};
void to_json(nlohmann::json& json, const Answer& answer);

[[nodiscard]] Answer longestContextAnswer(const Plan& plan);
/// Sequences of plan.context tokens each that fit together.
[[nodiscard]] Answer largestBatchAnswer(const Plan& plan);
/// Of the catalogue, the device with the least memory (then the most bandwidth) on which the plan's
/// context and batch fit under the plan's deployment.
[[nodiscard]] Answer smallestDeviceAnswer(const Plan& plan, const Workload& workload,
                                          std::span<const DeviceSpec> catalogue);
/// The type of weights with the most bits, up to what the model comes with, at which the plan's
/// context and batch fit.
[[nodiscard]] Answer largestWeightTypeAnswer(const Plan& plan, const Workload& workload);
/// Tokens/s by the roofs, and in brackets by the shares of them that are reached.
[[nodiscard]] Answer speedAnswer(const Plan& plan);
/// Amdahl: with f = the cache's share of the bytes a step reads, one KV head instead of n_kv_heads
/// makes the step at most 1 / (1 − f (1 − 1 / n_kv_heads)) times faster.
[[nodiscard]] Answer fewerHeadsAnswer(const Plan& plan);
/// What lies in memory against what one step reads of it, of the device that holds the most.
[[nodiscard]] Answer residentAndReadAnswer(const Plan& plan);
/// The longest context whose cache crosses PCIe in the time the device reads its weights: up to it
/// offloading the cache can hide, beyond it the link is what a step waits for.
[[nodiscard]] Answer offloadAnswer(const Plan& plan, const Workload& workload,
                                   const AnswerAssumptions& assumptions);

/// All of them, in this order.
[[nodiscard]] std::vector<Answer> answers(const Plan& plan, const Workload& workload,
                                          std::span<const DeviceSpec> catalogue,
                                          const AnswerAssumptions& assumptions = {});
/// A heading and a list, one line an answer, for Markdown.
[[nodiscard]] std::string answersList(const Plan& plan, const std::vector<Answer>& answers);

} // namespace decodescope
