// SPDX-License-Identifier: Apache-2.0
#include "core/report/probe_report.h"

#include <fmt/format.h>

#include "core/report/markdown.h"
#include "core/spec/printable_text.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr std::string_view kKeys[] = {"variant",
                                      "attention",
                                      "model",
                                      "kv_dtype",
                                      "weights_dtype",
                                      "scope",
                                      "engine",
                                      "backend",
                                      "device",
                                      "threads",
                                      "batch",
                                      "page_tokens",
                                      "max_context_tokens_predicted",
                                      "max_context_tokens_measured",
                                      "within_one_page",
                                      "bytes_allocated",
                                      "stopped_by",
                                      "proof_tpot_ms",
                                      "weights_bytes",
                                      "kv_bytes",
                                      "workspace_bytes",
                                      "budget_bytes",
                                      "budget_of_free_memory",
                                      "memory_total_bytes",
                                      "reserve_bytes",
                                      "started_at",
                                      "tool_version"};

/// Nothing for the ideal allocator, which wastes nothing.
std::string engineText(const ProbeResult& result) {
    return result.engine == "ideal" ? "" : fmt::format(" by the rules of {}", result.engine);
}

std::string scopeText(const ProbeResult& result) {
    return result.scope == Scope::Step
               ? fmt::format("whole steps, {} weights", name(result.weightsType))
               : "the attention alone, without weights";
}

std::string differenceText(const ProbeResult& result) {
    const std::optional<bool> within = result.withinOnePage();
    if (!within)
        return "–";
    const std::int64_t difference = result.maxContextMeasured - *result.maxContextPredicted;
    if (difference == 0)
        return "none";
    return fmt::format("{} {}{}", formatCount(difference < 0 ? -difference : difference),
                       difference < 0 ? "fewer" : "more", *within ? ", one page" : "");
}

std::string stopText(const ProbeResult& result) {
    switch (result.stoppedBy) {
    case ProbeStop::Budget:
        return fmt::format(
            "Another page would exceed the {} that {}.", formatBytes(result.budgetBytes),
            result.budgetOfFreeMemory ? "were free beside the reserve"
                                      : fmt::format("may be used of {}, {} kept free",
                                                    formatBytes(result.memoryTotalBytes),
                                                    formatBytes(result.reserveBytes)));
    case ProbeStop::AvailableMemory:
        return "Another page would leave less of the machine free than is kept: something else "
               "uses memory too.";
    case ProbeStop::AllocationRefused:
        return "The system refused another page.";
    case ProbeStop::CacheFull:
        return "Every layer holds its window: more context needs no more memory.";
    case ProbeStop::Interrupted:
        return "Stopped before its end: more may fit.";
    }
    return "";
}

std::string proofText(const ProbeResult& result) {
    if (!result.proofTpotMs)
        return "No step was run.";
    return fmt::format("Proved by one step over all of it: {} ms with {} threads.",
                       formatRounded(*result.proofTpotMs), result.threads);
}

} // namespace

std::span<const std::string_view> probeKeys() {
    return kKeys;
}

std::string probeText(const ProbeResult& result) {
    const std::string predicted =
        result.maxContextPredicted ? formatCount(*result.maxContextPredicted) : "no limit";
    const std::string title = fmt::format(
        "{} of {} on {}{}: {}, {} cache, batch {}, pages of {} tokens", result.variant,
        result.model, result.device, engineText(result), scopeText(result),
        cacheInWords(result.kvTypes), formatCount(result.batch), formatCount(result.pageTokens));
    return printable(title) + "\n\n" +
           toMarkdown({{"longest context"}, {"tokens", true}},
                      {{"predicted", predicted},
                       {"measured", formatCount(result.maxContextMeasured)},
                       {"difference", differenceText(result)}}) +
           '\n' +
           toMarkdown({{"allocated"}, {"bytes", true}},
                      {{"KV cache", formatBytes(result.kvBytes)},
                       {"weights", formatBytes(result.weightsBytes)},
                       {"workspace", formatBytes(result.workspaceBytes)},
                       {"in all", formatBytes(result.bytesAllocated())}}) +
           '\n' + stopText(result) + '\n' + proofText(result) + '\n';
}

} // namespace decodescope
