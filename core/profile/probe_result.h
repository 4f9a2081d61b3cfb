// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "core/spec/workload.h"

namespace decodescope {

/// Why a probe grew its cache no further.
enum class ProbeStop : std::uint8_t {
    Budget,            ///< one more page is more than the memory that may be used
    AvailableMemory,   ///< one more page would leave less of the machine free than is to be kept
    AllocationRefused, ///< the system gave no more
    CacheFull,         ///< every layer holds its window: no more context makes the cache grow
    Interrupted,       ///< the user asked for the end
};
/// "budget", "available_memory", "allocation_refused", "cache_full", "interrupted".
[[nodiscard]] std::string_view name(ProbeStop stop);

/// How much context a device really held, beside what the plan foretold. The keys of
/// `probe -o json`. Sizes are bytes, contexts tokens of each sequence.
struct ProbeResult {
    std::string variant;   ///< label: "GQA-8"
    std::string attention; ///< "mha", "gqa", "mqa", …
    std::string model;     ///< name
    KvTypes kvTypes;
    DataType weightsType = DataType::F16;
    Scope scope = Scope::Attention; ///< Step: the weights are held too
    std::string engine = "ideal";   ///< whose rules
    std::string backend, device;
    int threads = 0;
    std::int64_t batch = 1;
    std::int64_t pageTokens = 0;

    std::uint64_t memoryTotalBytes = 0; ///< the capacity: of the device, or as it was given
    std::uint64_t reserveBytes = 0;     ///< of it, kept free
    std::uint64_t budgetBytes = 0;      ///< most that could be allocated
    bool budgetOfFreeMemory = false;    ///< what was free decided it, not the capacity

    /// By the plan for the same budget and whole pages; nothing where memory sets no limit.
    std::optional<std::int64_t> maxContextPredicted;
    std::int64_t maxContextMeasured = 0; ///< whole pages that were allocated and filled
    std::uint64_t weightsBytes = 0, kvBytes = 0, workspaceBytes = 0; ///< allocated, by the ledger
    ProbeStop stoppedBy = ProbeStop::Budget;
    std::optional<double> proofTpotMs; ///< of one step over all of it; nothing where none was run
    std::string startedAt;             ///< UTC, ISO 8601
    std::string toolVersion;
    bool operator==(const ProbeResult&) const = default;

    [[nodiscard]] std::uint64_t bytesAllocated() const {
        return weightsBytes + kvBytes + workspaceBytes;
    }
    /// Nothing where nothing was predicted or the probe was not let finish.
    [[nodiscard]] std::optional<bool> withinOnePage() const;
};

void to_json(nlohmann::json& json, const ProbeResult& result);
/// Throws nlohmann::json::exception on a wrong record.
void from_json(const nlohmann::json& json, ProbeResult& result);

} // namespace decodescope
