// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan/plan.h"
#include "core/profile/sample.h"
#include "core/spec/device_spec.h"
#include "core/spec/quality.h"

namespace decodescope {

/// What numbers make of a claim.
enum class ClaimVerdict : std::uint8_t {
    Supported,
    WithConditions, ///< true where Claim::because says, and not elsewhere
    NotSupported,
    NotTested, ///< nothing at hand decides it; Claim::needs says what would
};
/// "supported", "with_conditions", "not_supported", "not_tested".
[[nodiscard]] std::string_view name(ClaimVerdict verdict);
/// For people: "supported with conditions".
[[nodiscard]] std::string_view inWords(ClaimVerdict verdict);

enum class ClaimTopic : std::uint8_t { Memory, Speed, Quality };
/// For people: "Memory".
[[nodiscard]] std::string_view inWords(ClaimTopic topic);

/// A run on the device at hand that would decide a claim: all variants of the model at these
/// contexts. The rest of the workload stays as it is.
struct ClaimTest {
    Scope scope = Scope::Attention;
    std::vector<std::int64_t> contexts;
    std::int64_t batch = 1;
    double maxSeconds = 0; ///< the whole run takes no longer
    bool operator==(const ClaimTest&) const = default;
};

/// Something that is said of multi-query attention, held against this model and this device.
struct Claim {
    std::string id; ///< stable: "cache_factor"
    ClaimTopic topic = ClaimTopic::Memory;
    std::string statement; ///< one sentence with a final stop
    ClaimVerdict verdict = ClaimVerdict::NotTested;
    std::string because;           ///< why this verdict, and under which conditions
    std::string formula;           ///< what has to hold, with names; a line each
    std::string numbers;           ///< the same with the numbers put in; may be empty
    std::string evidence;          ///< what the verdict rests on: formula, Samples, publications
    std::string needs;             ///< what would decide it, or more surely; empty: nothing
    std::optional<ClaimTest> test; ///< absent: no run on this device tells more
};

/// One quality that a study published of a model trained with all KV heads and with one.
struct PublishedPair {
    std::string study;    ///< its title
    std::string citation; ///< never empty
    std::string measure;  ///< "MMLU"
    double mha = 0, mqa = 0;
    bool higherIsBetter = true;
    std::int64_t testedContext = 0; ///< tokens; 0: short, or not told
};

/// Of each study that has both: its first model with all KV heads and its first with one, a pair
/// for each measure that both report. Studies do not tell at which context they tested.
[[nodiscard]] std::vector<PublishedPair> publishedPairs(std::span<const QualityStudy> studies);

/// What claims are weighed with.
struct ClaimsInput {
    ModelSpec model;
    PlanDevice device;
    Workload workload; ///< types, reserve and the first batch count
    Deployment deployment;
    std::int64_t context = 8192; ///< where one must be chosen
    std::span<const Sample> samples;
    std::span<const DeviceSpec> catalogue;
    std::span<const PublishedPair> published;
};

/// What is called purely compute-bound: stricter than Bottleneck::Compute. Proposals, not laws.
namespace claim_thresholds {
inline constexpr double kPureWork = 0.9;            ///< e_F, at least
inline constexpr double kPureBytes = 0.1;           ///< e_B, at most
inline constexpr double kPureShare = 0.8;           ///< u_F, at least
inline constexpr std::int64_t kLongContext = 32768; ///< tokens; from here on a context is long
} // namespace claim_thresholds

/// All claims, by topic. Samples of other models, shapes and types are passed over, and so are
/// quick looks; a later Sample stands for the point it repeats.
[[nodiscard]] std::vector<Claim> claims(const ClaimsInput& input);

/// How many have each verdict: "4 supported, 3 supported with conditions, 5 not tested".
[[nodiscard]] std::string summary(std::span<const Claim> claims);

/// A heading and for each claim its verdict and why, for Markdown. Ends with a line end.
[[nodiscard]] std::string verdictsList(std::span<const Claim> claims);

/// The same with what each rests on: formula, numbers, evidence. Ends with a line end.
[[nodiscard]] std::string claimsList(std::span<const Claim> claims);

} // namespace decodescope
