// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/plan/deployment.h"
#include "core/plan/plan_device.h"
#include "core/spec/workload.h"

namespace decodescope {

/// What of a decode step stands as a point on the roofline.
enum class StepPart : std::uint8_t { Attention, Linear, Whole };
inline constexpr StepPart kStepParts[] = {StepPart::Attention, StepPart::Linear, StepPart::Whole};
/// "attention", "linear layers", "whole step".
[[nodiscard]] std::string_view name(StepPart part);

/// The work of one part, and the time it takes.
struct PartWork {
    StepPart part = StepPart::Whole;
    std::uint64_t bytes = 0; ///< of memory traffic: the cache, the weights, or both
    std::uint64_t flop = 0;
    double seconds = 0;           ///< 0: unknown
    double peakFlopPerSecond = 0; ///< of the units that do it; 0: not told
    bool operator==(const PartWork&) const = default;

    [[nodiscard]] double intensity() const; ///< FLOP per byte
    [[nodiscard]] double flopPerSecond() const;
    /// A point of the roofline has both. False where a part does no work, or its time is unknown.
    [[nodiscard]] bool known() const { return bytes > 0 && flop > 0 && seconds > 0; }
};

/// What is left of a step without its attention: the linear layers, and with them norms and the
/// hand-out of work, which are small beside them. Its time is unknown where the step was not the
/// longer one.
[[nodiscard]] PartWork linearPart(const PartWork& whole, const PartWork& attention);

/// The parts of one predicted step, in the order of kStepParts; a part that is not known() is left
/// out. `newTokens` as forecastWork() has it.
[[nodiscard]] std::vector<PartWork> predictedParts(const ModelSpec& model, const Workload& workload,
                                                   std::int64_t context, std::int64_t batch,
                                                   const PlanDevice& device,
                                                   const Deployment& deployment = {},
                                                   std::int64_t newTokens = 1);

} // namespace decodescope
