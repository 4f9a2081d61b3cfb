// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/profile/claims.h"

namespace decodescope {

/// What several claims need of the input: the model with all KV heads and with one, and its
/// Samples.
struct ClaimBasis {
    /// `input` must outlive it.
    explicit ClaimBasis(const ClaimsInput& input);

    const ClaimsInput& input;
    std::optional<Variant> mha, mqa; ///< absent: this model's attention has no KV heads to change
    std::int64_t nHeads = 0;         ///< query heads of a layer
    std::int64_t batch = 1;

    [[nodiscard]] bool hasForms() const { return mha && mqa; }
    [[nodiscard]] Plan plan(const Variant& variant, const PlanDevice& device, Scope scope,
                            std::int64_t context) const;
    /// The Samples of a variant: no quick looks, the last of those that repeat a point, contexts
    /// ascending.
    [[nodiscard]] std::vector<const Sample*> samples(const Variant& variant, Scope scope) const;
    /// A run at those of `contexts` that fit all variants, at the longest that fits where none
    /// does. Nothing where not even one token fits, or nothing is known of the device's memory.
    [[nodiscard]] std::optional<ClaimTest> test(Scope scope, std::vector<std::int64_t> contexts,
                                                double maxSeconds) const;
    /// A claim about a model that has no KV heads to change.
    [[nodiscard]] Claim withoutForms(Claim claim) const;
};

/// "a", "a and b", "a, b and c".
[[nodiscard]] std::string listed(const std::vector<std::string>& parts);
/// "6 samples of Some CPU, 2 threads, 1,024 to 8,192 tokens". Precondition: not empty.
[[nodiscard]] std::string sourceOf(const std::vector<const Sample*>& samples);
/// "512 B", "16,384 B": exact, as the claims have them.
[[nodiscard]] std::string exactBytes(std::uint64_t bytes);

[[nodiscard]] std::vector<Claim> memoryClaims(const ClaimBasis& basis);
[[nodiscard]] std::vector<Claim> speedClaims(const ClaimBasis& basis);
[[nodiscard]] std::vector<Claim> qualityClaims(const ClaimBasis& basis);

} // namespace decodescope
