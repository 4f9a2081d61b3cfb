// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/plan/plan.h"
#include "core/profile/sample.h"

namespace decodescope {

/// Keys of the records, in the order people read them: what it is, where it ran, what came out.
[[nodiscard]] std::span<const std::string_view> sampleKeys();
[[nodiscard]] std::span<const std::string_view> planKeys();

[[nodiscard]] std::vector<nlohmann::json> records(std::span<const Sample> samples);
[[nodiscard]] std::vector<nlohmann::json> records(std::span<const Plan> plans);

} // namespace decodescope
