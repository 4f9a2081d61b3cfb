// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "core/spec/device_spec.h"
#include "core/spec/model_spec.h"
#include "core/spec/result.h"

namespace decodescope {

/// Id of the model shown when nothing has been chosen.
inline constexpr std::string_view kDefaultModelId = "llama-3.1-8b";

/// The models of resources/models.json, in file order. Parsed once, then shared.
[[nodiscard]] std::span<const ModelSpec> modelPresets();
/// The devices of resources/devices.json, in file order. Parsed once, then shared.
[[nodiscard]] std::span<const DeviceSpec> devicePresets();

/// By id or name, case folded. Errors: BadUsage, naming the closest ids.
[[nodiscard]] Result<ModelSpec> findModelPreset(std::string_view idOrName);
[[nodiscard]] Result<DeviceSpec> findDevicePreset(std::string_view idOrName);

} // namespace decodescope
