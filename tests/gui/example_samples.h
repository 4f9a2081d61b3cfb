// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/backend.h"
#include "core/profile/sample.h"

namespace decodescope {

inline constexpr std::int64_t kContext = 8192;
inline constexpr double kBandwidth = 4e10;
inline constexpr double kPeak = 4e11; // the ridge is at 10 FLOP/B

inline DeviceInfo someCpu(bool calibrated) {
    DeviceInfo device;
    device.id = "cpu";
    device.name = "A machine";
    device.backend = "cpu";
    device.available = true;
    device.memoryTotalBytes = std::uint64_t{64} << 30;
    device.threads = 4;
    if (calibrated) {
        Ceilings ceilings{kBandwidth, kPeak, 4, true};
        ceilings.caches = {{1, 1 << 15, 1, 1e11}, {2, 1 << 20, 1, 5e10}, {3, 1 << 25, 4, 3e10}};
        ceilings.f32 = ArithmeticPeak{1e11, kPeak};
        ceilings.bf16Dot = ArithmeticPeak{2e11, 8e11};
        device.ceilings = ceilings;
    }
    return device;
}

/// Of the default model (32 layers, 32 heads, 8 KV heads, d 128) as one of its variants.
inline Sample measured(const std::string& variant, std::int64_t kvHeads, Scope scope,
                       double seconds, std::int64_t context = kContext) {
    Sample sample;
    sample.variant = variant;
    sample.device = "A machine";
    sample.layers = sample.layersMeasured = sample.nHeads = 32;
    sample.nKvHeads = kvHeads;
    sample.headDim = 128;
    sample.scope = scope;
    sample.context = context;
    sample.tpotP50Ms = seconds * 1000;
    const auto tokens = static_cast<std::uint64_t>(context);
    sample.bytesRead = 32 * static_cast<std::uint64_t>(kvHeads) * 2 * 128 * 2 * tokens;
    sample.flop = std::uint64_t{32} * 2 * 32 * 256 * tokens;
    if (scope == Scope::Step) {
        sample.bytesRead += 15'000'000'000;
        sample.flop += 15'000'000'000;
    }
    sample.ceilingBytesPerSecond = kBandwidth;
    sample.ceilingFlopPerSecond = kPeak;
    sample.bound = "memory";
    sample.boundBy = BottleneckEvidence{0.8, 0.2, 0.01, 1.0, 0.0};
    return sample;
}

} // namespace decodescope
