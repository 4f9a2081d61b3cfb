// SPDX-License-Identifier: Apache-2.0
#include "core/plan/step_parts.h"

#include <algorithm>

#include "core/plan/forecast.h"
#include "core/plan/roofline.h"

namespace decodescope {

std::string_view name(StepPart part) {
    switch (part) {
    case StepPart::Attention:
        return "attention";
    case StepPart::Linear:
        return "linear layers";
    case StepPart::Whole:
        break;
    }
    return "whole step";
}

double PartWork::intensity() const {
    return arithmeticIntensity(flop, bytes);
}

double PartWork::flopPerSecond() const {
    return seconds > 0 ? static_cast<double>(flop) / seconds : 0;
}

PartWork linearPart(const PartWork& whole, const PartWork& attention) {
    return {StepPart::Linear, whole.bytes - std::min(whole.bytes, attention.bytes),
            whole.flop - std::min(whole.flop, attention.flop),
            std::max(0.0, whole.seconds - attention.seconds)};
}

std::vector<PartWork> predictedParts(const ModelSpec& model, const Workload& workload,
                                     std::int64_t context, std::int64_t batch,
                                     const PlanDevice& device, const Deployment& deployment,
                                     std::int64_t newTokens) {
    const auto partOf = [&](StepPart part, Scope scope) -> PartWork {
        const Forecast at = forecast(model, workload, context, batch, scope, device.roofs,
                                     deployment, device.kernels.get(), newTokens);
        return {part, at.work.bytesRead(), at.work.flop(), at.seconds, at.roofs.flopPerSecond};
    };
    const PartWork attention = partOf(StepPart::Attention, Scope::Attention);
    const PartWork whole = partOf(StepPart::Whole, Scope::Step);
    PartWork linear = linearPart(whole, attention);
    linear.peakFlopPerSecond = device.roofs.flopPerSecond;
    std::vector<PartWork> parts = {attention, linear, whole};
    const bool noWeights = whole.bytes == attention.bytes; // then the step is its attention
    std::erase_if(parts, [&](const PartWork& part) {
        return !part.known() || (noWeights && part.part != StepPart::Attention);
    });
    return parts;
}

} // namespace decodescope
