// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/engine/decoder.h"
#include "core/engine/memory_ledger.h"
#include "core/spec/result.h"

namespace decodescope {

/// The roofs of a device, measured on it or taken from its datasheet. Rates are per second.
struct Ceilings {
    double bandwidthBytesPerSecond = 0; ///< reading memory that no cache holds
    double flopPerSecond = 0;           ///< of the unit the attention kernels use
    int threads = 0;                    ///< the rates were measured with; 0 for a datasheet
    bool measured = false;
    /// Memory that is touched for the first time and filled with random content, as a Decoder's
    /// is: says how long making one takes. 0: not measured. It is no roof and in no record.
    double fillBytesPerSecond = 0;
    bool operator==(const Ceilings&) const = default;
};

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
    std::string simd;              ///< instruction set the kernels run with: "AVX3_ZEN4"
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
    /// Allocates nothing larger than request.budgetBytes. Errors: OutOfMemory where not even one
    /// layer fits, BadUsage for a shape the kernels do not cover, Interrupted.
    [[nodiscard]] virtual Result<std::unique_ptr<Decoder>>
    makeDecoder(const std::string& deviceId, const DecoderRequest& request,
                std::stop_token stop) = 0;
};

} // namespace decodescope
