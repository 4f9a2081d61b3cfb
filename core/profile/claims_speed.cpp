// SPDX-License-Identifier: Apache-2.0
// What is said of the time of a step, and of what sets it.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/profile/claim_basis.h"
#include "core/profile/statistics.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr std::int64_t kShortContext = 1024; ///< beside the chosen one, where weights weigh most
/// By what a context has to grow that lay in the caches.
constexpr std::int64_t kOutOfCaches = 4;
constexpr double kAttentionSeconds = 20;
constexpr double kStepSeconds = 40;

const char* scopeInWords(Scope scope) {
    return scope == Scope::Step ? "whole step" : "attention alone";
}

std::string tokensOf(const Sample& sample) {
    return formatCount(sample.context) +
           (sample.batch == 1 ? "" : " × batch " + formatCount(sample.batch));
}

// ---- MHA against MQA -------------------------------------------------------------------------

/// MHA's time over MQA's at one point.
struct SpeedUp {
    const Sample* mha = nullptr;
    const Sample* mqa = nullptr;
    double ratio = 0;
    Interval interval;
    [[nodiscard]] bool faster() const { return interval.low > 1; }
};

std::vector<SpeedUp> speedUps(const ClaimBasis& basis, Scope scope) {
    std::vector<SpeedUp> found;
    for (const Sample* mha : basis.samples(*basis.mha, scope))
        for (const Sample* mqa : basis.samples(*basis.mqa, scope))
            if (mha->context == mqa->context && mha->batch == mqa->batch &&
                mha->device == mqa->device && mha->threads == mqa->threads && mha != mqa &&
                mqa->tpotP50Ms > 0)
                found.push_back({mha, mqa, mha->tpotP50Ms / mqa->tpotP50Ms,
                                 medianRatioInterval95(mqa->repetitionsMs, mha->repetitionsMs)});
    return found;
}

std::string inNumbers(const SpeedUp& at) {
    std::string text =
        fmt::format("{} tokens: {} / {} ms = {:.2f}", tokensOf(*at.mha),
                    formatRounded(at.mha->tpotP50Ms), formatRounded(at.mqa->tpotP50Ms), at.ratio);
    return std::isfinite(at.interval.high)
               ? text + fmt::format(" ({:.2f} to {:.2f})", at.interval.low, at.interval.high)
               : text + " (too few repetitions to tell how surely)";
}

/// The verdict of what was measured in one scope.
std::pair<ClaimVerdict, std::string> findingOf(const std::vector<SpeedUp>& all) {
    std::vector<std::string> where;
    for (const SpeedUp& each : all)
        if (each.faster())
            where.push_back(tokensOf(*each.mha));
    const char* what = all.front().mha->scope == Scope::Step ? "a whole step" : "the attention";
    if (where.empty())
        return {ClaimVerdict::NotSupported,
                fmt::format("Nowhere does {} with MQA take less time beyond chance.", what)};
    if (where.size() < all.size())
        return {ClaimVerdict::WithConditions,
                fmt::format("At {} tokens {} with MQA takes less time; elsewhere no gain is shown.",
                            listed(where), what)};
    return {ClaimVerdict::Supported,
            fmt::format("Wherever both were measured {} with MQA takes less time.", what)};
}

std::vector<const Sample*> samplesOf(const std::vector<SpeedUp>& all) {
    std::vector<const Sample*> samples;
    for (const SpeedUp& each : all) {
        samples.push_back(each.mha);
        samples.push_back(each.mqa);
    }
    return samples;
}

Claim fasterSteps(const ClaimBasis& basis) {
    Claim claim;
    claim.id = "faster_steps";
    claim.topic = ClaimTopic::Speed;
    claim.statement = "One KV head instead of many makes a decode step faster.";
    if (!basis.hasForms())
        return basis.withoutForms(claim);
    const std::int64_t context = basis.input.context;
    const double share =
        basis.plan(*basis.mha, basis.input.device, Scope::Step, context).forecast.kvReadShare;
    const auto heads = static_cast<double>(basis.nHeads);
    const std::string bound = fmt::format(
        "at {} tokens f = {:.3g} %: 1 / (1 − {:.3f} × (1 − 1 / {})) = {:.2f} by the bytes alone",
        formatCount(context), 100 * share, share, formatCount(basis.nHeads),
        1 / (1 - share * (1 - 1 / heads)));
    claim.formula =
        "time with MHA / time with MQA > 1, with 95 % confidence\n"
        "by the bytes alone 1 / (1 − f × (1 − 1 / KV heads)), f = cache read / all that "
        "MHA reads";
    std::vector<SpeedUp> found = speedUps(basis, Scope::Step);
    const bool whole = !found.empty();
    if (!whole)
        found = speedUps(basis, Scope::Attention);
    if (!whole) {
        claim.test = basis.test(Scope::Step, {kShortContext, context}, kStepSeconds);
        claim.needs = fmt::format("A whole step of MHA and of MQA, measured on {}.",
                                  claim.test ? "this device" : "a device that they fit");
    }
    if (found.empty()) {
        claim.because =
            "What a step gains follows the share of the cache in what it reads; nothing "
            "measured tells how much that is here.";
        claim.numbers = bound;
        claim.evidence = "From the bytes of the shape alone.";
        return claim;
    }
    std::tie(claim.verdict, claim.because) = findingOf(found);
    if (!whole && claim.verdict == ClaimVerdict::Supported)
        claim.verdict = ClaimVerdict::WithConditions;
    if (!whole)
        claim.because += " That is the attention alone: a step also reads all weights.";
    claim.numbers = inNumbers(found.front()) + '\n';
    if (found.size() > 1)
        claim.numbers += inNumbers(found.back()) + '\n';
    claim.numbers += bound;
    claim.evidence =
        sourceOf(samplesOf(found)) + ", " + std::string(whole ? "whole step." : "attention alone.");
    return claim;
}

// ---- compute-bound? --------------------------------------------------------------------------

enum class Grade { No, Near, Bound, Purely }; ///< compute-bound

Grade gradeOf(const Sample& sample) {
    using namespace claim_thresholds;
    if (sample.bound == name(Bottleneck::Instructions))
        return Grade::Near;
    if (sample.bound != name(Bottleneck::Compute))
        return Grade::No;
    if (!sample.boundBy || !sample.boundBy->elastic())
        return Grade::Near;
    const BottleneckEvidence& by = *sample.boundBy;
    return *by.workElasticity >= kPureWork && *by.bytesElasticity <= kPureBytes &&
                   by.arithmeticShare >= kPureShare
               ? Grade::Purely
               : Grade::Bound;
}

std::string boundInWords(const Sample& sample) {
    const bool elastic = sample.boundBy && sample.boundBy->elastic();
    if (sample.bound == name(Bottleneck::Memory))
        return elastic ? "memory-bound" : "nearer the bandwidth's roof";
    if (sample.bound == name(Bottleneck::Compute))
        return gradeOf(sample) == Grade::Purely ? "purely compute-bound"
               : elastic                        ? "compute-bound"
                                                : "nearer the arithmetic's roof";
    if (sample.bound == name(Bottleneck::Instructions))
        return "instruction-limited";
    if (sample.bound == name(Bottleneck::Overhead))
        return "bound by handing out the work";
    return sample.bound == name(Bottleneck::Mixed) ? "bound by no single thing"
                                                   : "of unknown bound";
}

/// "compute-bound at 1,024 and 4,096 tokens; memory-bound at 8,192 tokens".
std::string boundsOf(const std::vector<const Sample*>& samples) {
    std::vector<std::pair<std::string, std::vector<std::string>>> groups;
    for (const Sample* sample : samples) {
        const std::string words = boundInWords(*sample);
        const auto known = std::find_if(groups.begin(), groups.end(),
                                        [&](const auto& group) { return group.first == words; });
        if (known == groups.end())
            groups.push_back({words, {tokensOf(*sample)}});
        else
            known->second.push_back(tokensOf(*sample));
    }
    std::string text;
    for (const auto& [words, contexts] : groups)
        text += fmt::format("{}{} at {} tokens", text.empty() ? "" : "; ", words, listed(contexts));
    return text;
}

std::string ridgeInNumbers(double flop, double bytes, const Roofs& roofs) {
    const double intensity = flop / bytes;
    std::string text = fmt::format("{} GFLOP / {} GB = {} FLOP/byte", formatRounded(flop / 1e9),
                                   formatRounded(bytes / 1e9), formatRounded(intensity));
    if (!roofs.known())
        return text + "; the roofs of this device are not known yet";
    return text + fmt::format(" {} {} GFLOP/s / {} GB/s = {} FLOP/byte",
                              intensity >= roofs.ridge() ? "≥" : "<",
                              formatRounded(roofs.flopPerSecond / 1e9),
                              formatRounded(roofs.bandwidthBytesPerSecond / 1e9),
                              formatRounded(roofs.ridge()));
}

/// What paper says where nothing was measured.
std::string onPaper(const Forecast& forecast) {
    const Roofs& roofs = forecast.roofs;
    if (!roofs.known() || !(forecast.intensity > 0))
        return "Nothing measured decides it, and without the device's roofs paper does not either.";
    if (forecast.intensity >= roofs.ridge())
        return "On paper it lies right of the ridge point: compute-bound, if the kernels reach "
               "the peak. Nothing measured decides it.";
    return fmt::format(
        "On paper it lies left of the ridge point: memory-bound, until {} new "
        "tokens a step share what is read. Nothing measured decides it.",
        formatCount(static_cast<std::int64_t>(std::ceil(roofs.ridge() / forecast.intensity))));
}

/// "0.95", "−0.07".
std::string signedNumber(double value) {
    return fmt::format("{}{:.2f}", value < -0.005 ? "−" : "", std::abs(value));
}

std::string pureInNumbers(const Sample& sample) {
    const BottleneckEvidence& by = *sample.boundBy;
    return fmt::format("at {} tokens e_F = {}, e_B = {}, {:.0f} % of the peak, {:.0f} % of "
                       "the bandwidth",
                       tokensOf(sample), signedNumber(*by.workElasticity),
                       signedNumber(*by.bytesElasticity), 100 * by.arithmeticShare,
                       100 * by.bandwidthShare);
}

ClaimVerdict verdictOf(const std::vector<const Sample*>& samples) {
    const auto every = [&](Grade grade) {
        return std::all_of(samples.begin(), samples.end(),
                           [&](const Sample* each) { return gradeOf(*each) == grade; });
    };
    return every(Grade::Purely) ? ClaimVerdict::Supported
           : every(Grade::No)   ? ClaimVerdict::NotSupported
                                : ClaimVerdict::WithConditions;
}

/// Takes out what tells nothing of memory, and returns the longest context that lay in the
/// processor's caches; 0: none did.
std::int64_t takeOutResident(std::vector<const Sample*>& samples) {
    std::int64_t longest = 0;
    std::erase_if(samples, [&](const Sample* each) {
        if (each->cacheResident)
            longest = std::max(longest, each->context);
        return each->cacheResident || each->bytesRead == 0;
    });
    return longest;
}

/// What paper expects where nothing measured decides, and the run that would. `resident`: as
/// takeOutResident() tells.
void addPaper(Claim& claim, const ClaimBasis& basis, Scope scope, std::int64_t resident) {
    const bool step = scope == Scope::Step;
    const PlanDevice& device = basis.input.device;
    const std::int64_t context = basis.input.context;
    const Forecast forecast = basis.plan(*basis.mqa, device, scope, context).forecast;
    claim.because = onPaper(forecast);
    claim.numbers = ridgeInNumbers(static_cast<double>(forecast.work.flop()),
                                   static_cast<double>(forecast.work.bytesRead()), forecast.roofs);
    claim.evidence = "From the shape and the roofs of " + device.name + '.';
    std::vector<std::int64_t> contexts = {kShortContext, context};
    if (resident > 0) {
        claim.evidence += " What was measured lay in the processor's caches, not in memory.";
        contexts = {std::max(context, kOutOfCaches * resident)};
    }
    claim.test = basis.test(scope, contexts, step ? kStepSeconds : kAttentionSeconds);
    claim.needs =
        fmt::format("MQA at {} tokens, {}, measured on {}.",
                    formatCount(claim.test ? claim.test->contexts.back() : contexts.back()),
                    scopeInWords(scope), claim.test ? "this device" : "a device that it fits");
}

Claim computeBound(const ClaimBasis& basis, Scope scope) {
    using namespace claim_thresholds;
    const bool step = scope == Scope::Step;
    Claim claim;
    claim.id = step ? "compute_bound_step" : "compute_bound_attention";
    claim.topic = ClaimTopic::Speed;
    claim.statement = step ? "With MQA decoding is purely compute-bound."
                           : "Multi-query attention by itself is compute-bound.";
    if (!basis.hasForms())
        return basis.withoutForms(claim);
    claim.formula = fmt::format("FLOP / bytes read ≥ peak / bandwidth, the ridge point\n"
                                "purely: e_F ≥ {} (time follows the work), e_B ≤ {} (not the "
                                "bytes), ≥ {:.0f} % of the peak",
                                kPureWork, kPureBytes, 100 * kPureShare);
    std::vector<const Sample*> samples = basis.samples(*basis.mqa, scope);
    const std::int64_t resident = takeOutResident(samples);
    if (samples.empty()) {
        addPaper(claim, basis, scope, resident);
        return claim;
    }
    const Sample& last = *samples.back();
    claim.verdict = verdictOf(samples);
    claim.because = "Measured: " + boundsOf(samples) + '.';
    claim.numbers =
        ridgeInNumbers(static_cast<double>(last.flop), static_cast<double>(last.bytesRead),
                       {last.ceilingBytesPerSecond, last.ceilingFlopPerSecond, /*measured=*/true});
    claim.evidence = fmt::format("{}, {}.", sourceOf(samples), scopeInWords(scope));
    if (last.boundBy && last.boundBy->elastic()) {
        claim.numbers += '\n' + pureInNumbers(last);
    } else {
        claim.needs = "How its time follows the bytes and the work: a run with more time.";
        claim.test = basis.test(scope, {last.context}, step ? kStepSeconds : kAttentionSeconds);
    }
    return claim;
}

} // namespace

std::vector<Claim> speedClaims(const ClaimBasis& basis) {
    return {fasterSteps(basis), computeBound(basis, Scope::Attention),
            computeBound(basis, Scope::Step)};
}

} // namespace decodescope
