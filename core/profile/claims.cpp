// SPDX-License-Identifier: Apache-2.0
#include "core/profile/claims.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/profile/claim_basis.h"

namespace decodescope {
namespace {

constexpr std::array kVerdicts = {ClaimVerdict::Supported, ClaimVerdict::WithConditions,
                                  ClaimVerdict::NotSupported, ClaimVerdict::NotTested};

void append(std::vector<Claim>& to, std::vector<Claim> from) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
}

std::string heading(std::span<const Claim> claims) {
    return fmt::format("### Claims: {}\n", summary(claims));
}

std::string entry(const Claim& claim) {
    return fmt::format("- **{}**: {}  \n  {}", inWords(claim.verdict), claim.statement,
                       claim.because);
}

/// Each line of a text as code, so that Markdown leaves its signs alone.
std::string code(const std::string& text) {
    std::string lines = "  `" + text + "`  \n";
    for (std::size_t at = 3; (at = lines.find('\n', at)) + 1 < lines.size(); at += 7)
        lines.replace(at, 1, "`  \n  `");
    return lines;
}

} // namespace

std::string_view name(ClaimVerdict verdict) {
    constexpr std::array<std::string_view, 4> kNames = {"supported", "with_conditions",
                                                        "not_supported", "not_tested"};
    return kNames[static_cast<std::size_t>(verdict)];
}

std::string_view inWords(ClaimVerdict verdict) {
    constexpr std::array<std::string_view, 4> kWords = {"supported", "supported with conditions",
                                                        "not supported", "not tested"};
    return kWords[static_cast<std::size_t>(verdict)];
}

std::string_view inWords(ClaimTopic topic) {
    constexpr std::array<std::string_view, 3> kWords = {"Memory", "Speed", "Quality"};
    return kWords[static_cast<std::size_t>(topic)];
}

std::vector<Claim> claims(const ClaimsInput& input) {
    const ClaimBasis basis(input);
    std::vector<Claim> all;
    append(all, memoryClaims(basis));
    append(all, speedClaims(basis));
    append(all, qualityClaims(basis));
    return all;
}

std::string summary(std::span<const Claim> claims) {
    std::string text;
    for (const ClaimVerdict verdict : kVerdicts) {
        const auto count = std::count_if(claims.begin(), claims.end(), [&](const Claim& claim) {
            return claim.verdict == verdict;
        });
        if (count > 0)
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, inWords(verdict));
    }
    return text;
}

std::string verdictsList(std::span<const Claim> claims) {
    std::string text = heading(claims) + '\n';
    for (const Claim& claim : claims)
        text += entry(claim) + '\n';
    return text;
}

std::string claimsList(std::span<const Claim> claims) {
    std::string text = heading(claims);
    for (const Claim& claim : claims) {
        text += '\n' + entry(claim) + "  \n";
        if (!claim.formula.empty())
            text += code(claim.formula);
        if (!claim.numbers.empty())
            text += code(claim.numbers);
        if (!claim.evidence.empty())
            text += fmt::format("  {}  \n", claim.evidence);
        if (!claim.needs.empty())
            text += fmt::format("  Needed: {}\n", claim.needs);
    }
    return text;
}

} // namespace decodescope
