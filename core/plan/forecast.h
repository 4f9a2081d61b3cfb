// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/plan/deployment.h"
#include "core/plan/kernel_model.h"
#include "core/plan/rate_range.h"
#include "core/plan/roofline.h"
#include "core/spec/units.h"
#include "core/spec/workload.h"

namespace decodescope {

/// The work of one decode step, from the shape. Bytes count each weight once, and each cached byte
/// once for every layer that reads it.
struct ForecastWork {
    std::uint64_t kvBytesRead = 0;
    std::uint64_t weightBytesRead = 0;
    std::uint64_t attentionFlop = 0; ///< 2 × n_heads × tokens × (d_k + d_v), a layer and sequence
    std::uint64_t linearFlop = 0;    ///< 2 × active parameters × batch

    [[nodiscard]] std::uint64_t bytesRead() const {
        return saturatingAdd(kvBytesRead, weightBytesRead);
    }
    [[nodiscard]] std::uint64_t flop() const { return saturatingAdd(attentionFlop, linearFlop); }
};
/// The part of one of `deployment.tensorParallel` ranks, through all pipeline stages: a step passes
/// them one after the other, so they divide memory, not time. A step that checks `newTokens`
/// drafted tokens of every sequence at once (speculative decoding) reads the cache once for all of
/// them and takes each through attention and linear layers.
[[nodiscard]] ForecastWork forecastWork(const ModelSpec& model, const Workload& workload,
                                        std::int64_t context, std::int64_t batch, Scope scope,
                                        const Deployment& deployment = {},
                                        std::int64_t newTokens = 1);

/// Seconds of a step at best and at most. Zero where they are unknown.
struct ForecastRange {
    double leastSeconds = 0;
    double mostSeconds = 0;
    [[nodiscard]] bool known() const { return mostSeconds > 0; }
};

/// Predicted time of one decode step, without what ranks say to each other. Zero seconds where the
/// roofs are unknown.
struct Forecast {
    ForecastWork work;
    /// What the device's kernels were measured to take, where they were; else attention and linear
    /// layers, each at its own roof, added up.
    double seconds = 0;
    bool fromKernels = false;
    ForecastRange range;        ///< from kernels: undisturbed, and as slow as nine in ten were
    double tokensPerSecond = 0; ///< where every new token is kept
    double intensity = 0;       ///< of the attention alone for Scope::Attention, else of the step
    std::string bound;          ///< "memory", "compute" or "unknown"
    /// Those of the work that intensity is of: of the units that do it, which take turns.
    Roofs roofs;
    double attentionFlopPerSecond = 0; ///< the arithmetic roof of the attention alone
    double kvReadShare = 0;            ///< of the bytes read
};
[[nodiscard]] Forecast forecast(const ModelSpec& model, const Workload& workload,
                                std::int64_t context, std::int64_t batch, Scope scope,
                                const Roofs& roofs, const Deployment& deployment = {},
                                const KernelModel* kernels = nullptr, std::int64_t newTokens = 1);

/// Seconds of the same step at the range's upper and lower rates. Zero where roofs or range are
/// unknown. Forecast::seconds itself is the time at the roofs: of a datasheet's a bound that is
/// not reached, and then below the range.
[[nodiscard]] ForecastRange forecastRange(const Forecast& step, const Roofs& roofs,
                                          const RateRange& range);

} // namespace decodescope
