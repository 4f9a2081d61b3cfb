// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>

#include "app/gui/plots/overview_data.h"
#include "core/plan/plan.h"
#include "core/profile/sample.h"

namespace decodescope {

/// What the Overview is made from.
struct OverviewInput {
    std::vector<Variant> variants; ///< most KV heads first
    PlanDevice device;             ///< memoryBytes 0: not known yet
    Workload workload;
    std::int64_t context = 8192;
    Deployment deployment;           ///< valid for each of the variants
    std::span<const Sample> samples; ///< those of other shapes and types are passed over
    bool planOnly = false;           ///< no sample can be of this device and these ranks
};

[[nodiscard]] OverviewData buildOverview(const OverviewInput& input);

/// Plans of all variants at one context and the first batch of the workload.
[[nodiscard]] std::vector<Plan> plansAt(const OverviewInput& input, std::int64_t context);

/// The same of the whole step: a model has its weights beside its cache, also while its attention
/// alone is measured.
[[nodiscard]] std::vector<Plan> roomPlans(const OverviewInput& input);

/// The batch that is spoken of where only one can be.
[[nodiscard]] std::int64_t firstBatch(const Workload& workload);
/// Whether a Sample is of this variant, as the workload asks for it (any context and batch).
[[nodiscard]] bool isOf(const Sample& sample, const Variant& variant, const Workload& workload);
/// The same at the workload's first batch.
[[nodiscard]] bool measures(const Sample& sample, const Variant& variant, const Workload& workload);
/// Allocated KV bytes, scaled to the whole model where only some of its layers were allocated.
[[nodiscard]] double wholeModelKvBytes(const Sample& sample);

} // namespace decodescope
