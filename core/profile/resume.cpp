// SPDX-License-Identifier: Apache-2.0
#include "core/profile/resume.h"

#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "core/profile/whole_file.h"

namespace decodescope {
namespace {

Error bad(std::string what, std::string hint = "") {
    return {ErrorCode::BadUsage, std::move(what), "resume", std::move(hint)};
}

constexpr std::size_t kMostVariants = 64;    ///< far more than a model has divisors
constexpr std::size_t kMostPoints = 100'000; ///< of contexts and batches

/// KV heads that a label of Variant speaks of; nothing where it is none of theirs.
std::optional<std::int64_t> kvHeadsOf(std::string_view label, std::int64_t nHeads) {
    constexpr std::string_view grouped = "GQA-";
    if (label == "MHA")
        return nHeads;
    if (label == "MQA")
        return 1;
    if (!label.starts_with(grouped))
        return std::nullopt;
    std::int64_t count = 0;
    const char* const end = label.data() + label.size();
    const auto [rest, failure] = std::from_chars(label.data() + grouped.size(), end, count);
    return failure == std::errc() && rest == end ? std::optional(count) : std::nullopt;
}

/// The variant that the run called `label`.
Result<Variant> variantCalled(const std::string& label, const ModelSpec& model) {
    if (Variant own = asIs(model); own.label == label)
        return own;
    const LayerSpec* layer = model.attentionLayer();
    if (const auto kvHeads = kvHeadsOf(label, layer ? layer->nHeads : 0))
        if (Result<Variant> variant = variantWithKvHeads(model, *kvHeads);
            variant && variant->label == label)
            return variant;
    return bad(
        fmt::format("this version does not know the variant \"{}\" of {}", label, model.name));
}

bool isOfRun(const Sample& sample, const RunStarted& run) {
    const Workload& workload = run.workload;
    return !sample.quickLook && sample.device == run.device.name &&
           sample.scope == workload.scope && sample.kvTypes == workload.kvTypes &&
           (workload.scope == Scope::Attention || sample.weightsType == workload.weightsType) &&
           (workload.threads == 0 || sample.threads == workload.threads);
}

} // namespace

Result<RunRequest> resumedRequest(const Recording& recording) {
    if (recording.runs.empty())
        return bad("the recording does not say what was to be measured");
    const RunStarted& run = recording.runs.back();
    if (run.quickLook)
        return bad("a quick look is not gone on with", "Start a run.");
    RunRequest request;
    request.deviceId = run.device.id;
    request.model = run.model;
    request.workload = run.workload;
    request.deployment = run.deployment;
    request.capacityBytes = run.capacityBytes;
    if (run.variants.size() > kMostVariants)
        return bad(fmt::format("the recording names {} variants", run.variants.size()));
    if (run.workload.contexts.size() * run.workload.batches.size() > kMostPoints)
        return bad("the recording asks for more points than can be measured");
    for (const std::string& label : run.variants) {
        Result<Variant> variant = variantCalled(label, run.model);
        if (!variant)
            return variant.error();
        request.variants.push_back(std::move(*variant));
    }
    for (const Sample& sample : recording.samples)
        if (!sample.peer.empty())
            request.peer = sample.peer;
        else if (isOfRun(sample, run) && sample.stopping.reason != kInterruptedReason)
            request.done.insert({sample.variant, sample.context, sample.batch});
    if (recording.complete || countMissing(request) == 0)
        return bad("no point of this recording is missing", "Start a new run to measure again.");
    return request;
}

Status sameDevice(const Recording& recording, const DeviceInfo& device) {
    if (recording.runs.empty() || recording.runs.back().device.name == device.name)
        return Done{};
    return bad(fmt::format("the recording is of {}, and this device is {}",
                           recording.runs.back().device.name, device.name),
               "Points of two machines make no run: start a new one here.");
}

Status takesLines(const std::filesystem::path& path) {
    constexpr std::uint64_t looked = 4096; // a recording begins at once
    const Result<std::string> start = readFileStart(path, looked);
    if (!start)
        return start.error();
    const std::size_t first = start->find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (first == std::string::npos || (*start)[first] != '[')
        return Done{};
    return Error{ErrorCode::BadUsage, "it is one JSON array, to which nothing can be added",
                 path.string(), "Choose a recording of JSON Lines, as --record writes them."};
}

} // namespace decodescope
