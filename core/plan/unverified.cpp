// SPDX-License-Identifier: Apache-2.0
#include "core/plan/unverified.h"

#include <fmt/format.h>

namespace decodescope {
namespace {

/// A field of the catalogue, as people call it.
std::string_view spoken(std::string_view field) {
    if (field == PlanDevice::kMemoryField)
        return "the memory";
    if (field == PlanDevice::kBandwidthField)
        return "the bandwidth";
    return "the FLOP/s";
}

} // namespace

std::string marked(std::string figure, bool unverified) {
    return unverified ? std::move(figure) + ' ' + kUnverifiedMark : figure;
}

std::string unverifiedLegend(const PlanDevice& device) {
    std::string fields;
    for (std::size_t i = 0; i < device.unverified.size(); ++i) {
        if (i > 0)
            fields += i + 1 == device.unverified.size() ? " and " : ", ";
        fields += spoken(device.unverified[i]);
    }
    if (fields.empty())
        return {};
    return fmt::format("{}: nobody has checked what the catalogue says of {} of {}.",
                       kUnverifiedMark, fields, device.name);
}

} // namespace decodescope
