// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace decodescope {

/// What a step's time follows.
enum class Bottleneck {
    Unknown,      ///< no roofs
    Memory,       ///< the bytes, near the bandwidth roof
    Compute,      ///< the arithmetic, near the roof of its unit
    Instructions, ///< the arithmetic, far from that roof: conversions, exp, shuffles
    Overhead,     ///< handing out the work, not doing it
    Mixed,        ///< none of these alone
};
/// "memory", "compute", "instructions", "overhead", "mixed", "unknown": Sample::bound.
[[nodiscard]] std::string_view name(Bottleneck bottleneck);

/// The numbers that decide. Shares are of a roof or of the step's time, 1 being all of it.
struct BottleneckEvidence {
    double bandwidthShare = 0;           ///< u_B: achieved / measured read bandwidth
    double arithmeticShare = 0;          ///< u_F: achieved / measured peak
    std::optional<double> overheadShare; ///< time of the barriers / time of the step
    /// e_B: log2 of time over time at half the bytes and the same work. 1: time follows the bytes.
    std::optional<double> bytesElasticity;
    /// e_F: log2 of time at twice the work and the same bytes, over time. 1: time follows the work.
    std::optional<double> workElasticity;
    bool operator==(const BottleneckEvidence&) const = default;

    [[nodiscard]] bool elastic() const { return bytesElasticity && workElasticity; }
};

/// Where one state ends and the next begins. Proposals, not laws: what they judge is kept with
/// every Sample, so that others may be tried on a recording.
namespace bottleneck_thresholds {
inline constexpr double kOverheadShare = 0.5;   ///< at least: the step takes twice its barriers
inline constexpr double kMemoryShare = 0.6;     ///< u_B of memory-bound, at least
inline constexpr double kInelastic = 0.2;       ///< at most: the time does not follow
inline constexpr double kElastic = 0.8;         ///< at least: the time follows
inline constexpr double kArithmeticShare = 0.5; ///< u_F of compute-bound, at least
} // namespace bottleneck_thresholds

/// Overhead before all; then memory-bound for u_B ≥ kMemoryShare and e_F ≤ kInelastic;
/// compute-bound for e_F ≥ kElastic, e_B ≤ kInelastic and u_F ≥ kArithmeticShare,
/// instruction-limited below that u_F; mixed otherwise. Where the elasticities were not measured it
/// is the nearer of the two roofs, and nothing more is claimed.
[[nodiscard]] Bottleneck classify(const BottleneckEvidence& evidence);

void to_json(nlohmann::json& json, const BottleneckEvidence& evidence);
/// Throws nlohmann::json::exception.
void from_json(const nlohmann::json& json, BottleneckEvidence& evidence);

} // namespace decodescope
