// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/engine/ceilings.h"
#include "core/engine/decoder.h"
#include "core/engine/device_conditions.h"
#include "core/engine/memory_ledger.h"
#include "core/spec/kernel_rates.h"
#include "core/spec/result.h"

namespace decodescope {

/// One device as it was found (or not). Keys of `devices -o json`.
struct DeviceInfo {
    std::string id;      ///< "cpu", "cuda:0"
    std::string name;    ///< "AMD EPYC 9354"
    std::string backend; ///< "cpu", "cuda"
    bool available = false;
    std::string reason; ///< why it is not available; empty where it is
    std::optional<std::uint64_t> memoryTotalBytes;
    std::optional<std::uint64_t> memoryFreeBytes;
    std::optional<std::uint64_t> lastLevelCacheBytes;
    int threads = 0;
    std::string simd; ///< instruction set the kernels run with: "AVX3_ZEN4"
    /// Whether kernels have the CPU's dot products of bf16, and of int8, and its matrix products of
    /// bf16 as well.
    bool bf16Dot = false, int8Dot = false, bf16Matrix = false;
    std::vector<UnitUse> unitUses; ///< what attention uses them for; else it runs without
    std::string computeCapability; ///< "9.0"
    std::string driverVersion;
    std::optional<Ceilings> ceilings; ///< where they have been measured
};
void to_json(nlohmann::json& json, const DeviceInfo& device);
void from_json(const nlohmann::json& json, DeviceInfo& device);

/// Limits for a measurement of ceilings.
struct CalibrationRequest {
    int threads = 0; ///< 0: all
    /// Of the read stream, and no more is allocated. Below four times the last-level cache that
    /// cache may answer, and the rate is no longer the memory's.
    std::uint64_t bufferBytes = std::uint64_t{1} << 28;
    double maxSeconds = 2;
    /// All that Ceilings tells, as `calibrate` wants it. Otherwise the two roofs and the barrier,
    /// as a run wants them first.
    bool whole = false;
    /// Told what is measured next ("L2 cache"), and how much is done (0 to 1). May be empty.
    std::function<void(std::string_view what, double fraction)> progress = {};
};

/// The one seam for hardware. A Backend is used from one thread, but for readMemory().
class Backend {
public:
    virtual ~Backend() = default;

    /// Every device of this kind, usable or not; an unusable one says why. Never empty, never slow
    /// (no kernel is run).
    [[nodiscard]] virtual std::vector<DeviceInfo> devices() = 0;
    /// Takes microseconds, and may be called from a second thread while any other member, or a
    /// Decoder of this Backend, runs.
    [[nodiscard]] virtual MemoryReading readMemory(const std::string& deviceId) = 0;
    [[nodiscard]] virtual Result<Ceilings> measureCeilings(const std::string& deviceId,
                                                           const CalibrationRequest& request,
                                                           std::stop_token stop) = 0;
    /// Whether the kernels run the shape and the types asked for, told before anything is
    /// allocated: what makeDecoder() refuses as BadUsage. A Backend that cannot tell says yes.
    [[nodiscard]] virtual Status covers(const std::string& deviceId,
                                        const DecoderRequest& request) {
        static_cast<void>(deviceId), static_cast<void>(request);
        return Done{};
    }
    /// How the device runs now. Where nothing tells, everything is absent. Takes up to a few
    /// milliseconds: it is asked between steps.
    [[nodiscard]] virtual DeviceConditions conditions(const std::string& deviceId) {
        static_cast<void>(deviceId);
        return {};
    }
    /// How the attention kernels cut their work: what a prediction must know of them.
    [[nodiscard]] virtual AttentionUnits attentionUnits() const { return {}; }
    /// Allocates nothing larger than request.budgetBytes. Errors: OutOfMemory where not even one
    /// layer fits, BadUsage for a shape the kernels do not cover, Interrupted.
    [[nodiscard]] virtual Result<std::unique_ptr<Decoder>>
    makeDecoder(const std::string& deviceId, const DecoderRequest& request,
                std::stop_token stop) = 0;

    /// Whether other people's kernels of this name ("cudnn") can be measured here beside ours.
    /// Errors: BadUsage for a name that is not known, DeviceUnavailable with what is missing.
    [[nodiscard]] virtual Status findPeer(const std::string& deviceId, const std::string& peer);
    /// As makeDecoder(), by those kernels, on caches of the same shape. Errors: those of findPeer()
    /// and makeDecoder(); BadUsage with the peer's own words where it refuses the shape.
    [[nodiscard]] virtual Result<std::unique_ptr<Decoder>> makePeer(const std::string& deviceId,
                                                                    const std::string& peer,
                                                                    const DecoderRequest& request,
                                                                    std::stop_token stop);
};

/// `device` becomes the one of this id, usable or not; an unknown one has its id alone. Errors:
/// DeviceUnavailable with the reason, or with the ids that there are.
[[nodiscard]] Status findDevice(Backend& backend, const std::string& deviceId, DeviceInfo& device);

} // namespace decodescope
