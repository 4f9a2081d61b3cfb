// SPDX-License-Identifier: Apache-2.0
#include "core/report/records.h"

namespace decodescope {
namespace {

constexpr std::string_view kSampleKeys[] = {
    "run_id",
    "variant",
    "attention",
    "what_if",
    "model",
    "layers",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "kv_dtype",
    "weights_dtype",
    "scope",
    "backend",
    "device",
    "threads",
    "batch",
    "context_tokens",
    "tokens_per_second",
    "tpot_p50_ms",
    "tpot_p90_ms",
    "tpot_p99_ms",
    "tpot_ci95_ms",
    "predicted_tpot_ms",
    "floor_ms",
    "floor_fraction",
    "bound",
    "bound_by",
    "kv_bytes",
    "weights_bytes",
    "workspace_bytes",
    "model_kv_bytes",
    "memory_used_bytes",
    "memory_total_bytes",
    "bytes_read",
    "flop",
    "achieved_bytes_per_second",
    "achieved_flop_per_second",
    "ceiling_bytes_per_second",
    "ceiling_flop_per_second",
    "cache_resident",
    "layers_measured",
    "quick_look",
    "stopping",
    "started_at",
    "at_ms",
    "tool_version",
    "repetitions_ms",
    "bf16_dot_flop",
    "peer",
    "sm_clock_mhz",
    "sm_clock_min_mhz",
    "sm_clock_max_mhz",
    "memory_clock_mhz",
    "memory_clock_min_mhz",
    "memory_clock_max_mhz",
    "power_w",
    "temperature_c",
    "throttle_reasons",
    "energy_per_token_j",
    "int8_dot_flop",
};

constexpr std::string_view kPlanKeys[] = {
    "variant",
    "attention",
    "what_if",
    "model",
    "layers",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "kv_dtype",
    "weights_dtype",
    "scope",
    "batch",
    "context_tokens",
    "device",
    "memory_total_bytes",
    "reserve_bytes",
    "kv_bytes",
    "kv_bytes_per_token",
    "kv_bytes_per_token_per_layer",
    "weights_bytes",
    "workspace_bytes",
    "total_bytes",
    "fits",
    "max_context_tokens",
    "max_context_bounded",
    "model_max_context_tokens",
    "compression_vs_mha",
    "predicted_tpot_ms",
    "predicted_tokens_per_second",
    "predicted_bound",
    "kv_read_share",
    "intensity",
    "roofs_measured",
    "engine",
    "tp",
    "pp",
    "overhead_bytes",
    "rank_kv_bytes",
    "rank_weights_bytes",
    "rank_total_bytes",
    "notes",
    "predicted_tpot_low_ms",
    "predicted_tpot_high_ms",
    "unverified",
    "kernels_measured",
};

} // namespace

std::span<const std::string_view> sampleKeys() {
    return kSampleKeys;
}
std::span<const std::string_view> planKeys() {
    return kPlanKeys;
}

std::vector<nlohmann::json> records(std::span<const Sample> samples) {
    return {samples.begin(), samples.end()};
}

std::vector<nlohmann::json> records(std::span<const Plan> plans) {
    return {plans.begin(), plans.end()};
}

} // namespace decodescope
