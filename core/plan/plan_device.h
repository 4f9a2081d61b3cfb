// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan/kernel_model.h"
#include "core/plan/rate_range.h"
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

    /// Names of fields in `unverified`, as the catalogue has them.
    static constexpr std::string_view kMemoryField = "memory_bytes";
    static constexpr std::string_view kBandwidthField = "bandwidth_GBps";
    static constexpr std::string_view kHalfRateField = "fp16_dense_tflops";
    static constexpr std::string_view kFloatRateField = "fp32_tflops";

    [[nodiscard]] bool isUnverified(std::string_view field) const;
    [[nodiscard]] bool memoryUnverified() const;
    [[nodiscard]] bool speedUnverified() const;
    /// A capacity by hand: no longer the catalogue's word.
    void setMemory(std::uint64_t bytes);
};

/// A device of the catalogue, with the FLOP/s of the unit that decodes on it (f32 on a CPU, 16-bit
/// elsewhere).
[[nodiscard]] PlanDevice planDevice(const DeviceSpec& spec);

} // namespace decodescope
