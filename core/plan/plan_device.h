// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/plan/forecast.h"
#include "core/plan/roofline.h"
#include "core/spec/device_spec.h"

namespace decodescope {

/// The device a plan is made for: a catalogue entry or the local machine.
struct PlanDevice {
    std::string name;
    std::uint64_t memoryBytes = 0; ///< capacity the plan may count on before the reserve
    Roofs roofs;                   ///< measured where there is a calibration, else datasheet
    bool cpu = false;              ///< an engine's overhead on a GPU does not arise
    /// Where the device's kernels were measured; Forecast::fromKernels.
    std::shared_ptr<const KernelModel> kernels = nullptr;
    RateRange range = {}; ///< of the roofs, what is reached; not known: no range
    std::vector<std::string> unverified = {}; ///< fields of the catalogue that the plan rests on
                                              ///< and nobody has checked: "memory_bytes", …

    [[nodiscard]] bool memoryUnverified() const;
    [[nodiscard]] bool speedUnverified() const;
};

/// Shares of datasheet peaks to start from, until the device itself is measured: 70 to 85 % of the
/// bandwidth (as reported for Apple silicon); 51 to 87 % of dense matrix FLOP/s (the best matrix
/// product found: MI300X 51, B200 78, H100 80, A100 87 %; stas00/ml-engineering).
inline constexpr RateRange kDatasheetRange{0.70, 0.85, 0.51, 0.87};

/// A device of the catalogue, with the FLOP/s of the unit that decodes on it (f32 on a CPU, 16-bit
/// elsewhere).
[[nodiscard]] PlanDevice planDevice(const DeviceSpec& spec);

} // namespace decodescope
