// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "app/gui/plots/overview_data.h"
#include "app/gui/plots/roofline_data.h"
#include "core/engine/ceilings.h"
#include "core/plan/plan.h"
#include "core/profile/sample.h"
#include "core/spec/device_spec.h"

namespace decodescope {

/// What the roofline is made from.
struct RooflineInput {
    std::span<const Plan>
        plans; ///< of all variants, at the context, batch and device that are asked
    const OverviewData& overview; ///< of the same variants: what they wear, which are shown
    const Workload& workload;
    std::optional<Ceilings> ceilings = {}; ///< measured; of this device
    bool gpu = false;                      ///< says what its units are called
    const DeviceSpec* datasheet = nullptr; ///< null: no such roofs
    std::span<const Sample> samples = {};  ///< those of other shapes and types are passed over
    std::span<const Sample> baseline = {};
};

/// Without roofs there is nothing in it but the variants. Samples of another device than the one
/// that is planned for bring their own two roofs.
///
/// A variant's part is measured where a Sample has it: at the context that is asked or, without
/// one, at the nearest. The linear layers are what a measured step takes longer than the attention
/// measured at the same context.
[[nodiscard]] RooflineData buildRoofline(const RooflineInput& input);

/// The entry of the catalogue whose name is part of this device's, word by word; the longest such.
/// Null: none is, and people must choose.
[[nodiscard]] const DeviceSpec* likelyDatasheet(std::string_view deviceName);

} // namespace decodescope
