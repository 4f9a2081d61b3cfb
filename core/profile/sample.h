// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/profile/bottleneck.h"
#include "core/profile/point_conditions.h"
#include "core/profile/stopping_rule.h"
#include "core/spec/result.h"
#include "core/spec/workload.h"

namespace decodescope {

/// One measured point: one variant at one context and batch. Everything downstream (live plots,
/// tables, files, a remote run) reads this record. Times are milliseconds of one decode step of
/// the whole model, rates per second, sizes bytes.
struct Sample {
    std::string runId;
    std::string variant;   ///< label: "GQA-8"; of other people's kernels "GQA-8 (cudnn)"
    std::string peer;      ///< whose kernels: "cudnn"; empty: ours
    std::string attention; ///< "mha", "gqa", "mqa", …
    bool whatIf = false;
    std::string model; ///< name
    std::int64_t layers = 0, nHeads = 0, nKvHeads = 0, headDim = 0;
    KvTypes kvTypes;
    DataType weightsType = DataType::F16;
    Scope scope = Scope::Attention;
    std::string backend, device;
    int threads = 0;
    std::int64_t batch = 1, context = 0;

    std::vector<double> repetitionsMs; ///< every repetition after the warm-up, in order
    double tpotP50Ms = 0, tpotP90Ms = 0, tpotP99Ms = 0;
    double tpotCi95Ms = 0; ///< half-width of the 95 % interval of the median
    double tokensPerSecond = 0;

    std::uint64_t kvBytes = 0, weightsBytes = 0, workspaceBytes = 0; ///< allocated, as the ledger
    std::uint64_t modelKvBytes = 0; ///< of the whole model, also where fewer layers were run
    std::optional<std::uint64_t> memoryUsedBytes, memoryTotalBytes;

    std::uint64_t bytesRead = 0, flop = 0; ///< of one step, from the shape
    std::uint64_t bf16DotFlop = 0;         ///< of `flop`, by dot products of bf16
    std::uint64_t int8DotFlop = 0;         ///< of `flop`, by dot products of int8
    double achievedBytesPerSecond = 0, achievedFlopPerSecond = 0;
    /// Measured in this run; FLOP/s are those of the units that the step uses.
    double ceilingBytesPerSecond = 0, ceilingFlopPerSecond = 0;
    double floorMs = 0, floorFraction = 0;
    std::string bound;                         ///< what bounds it: name(Bottleneck)
    std::optional<BottleneckEvidence> boundBy; ///< absent without roofs, and in older records
    double predictedTpotMs = 0;
    bool cacheResident = false;
    std::int64_t layersMeasured = 0;           ///< fewer than layers: the time is scaled
    std::optional<PointConditions> conditions; ///< absent where nothing tells
    bool quickLook = false;                    ///< a first impression, not a benchmark
    StoppingOutcome stopping;
    std::string startedAt; ///< of the run: UTC, ISO 8601
    double atMs = 0;       ///< since the run's start, at the last repetition
    std::string toolVersion;
    bool operator==(const Sample&) const = default;
};

/// A variant's label where it is run by `peer`'s kernels: "GQA-8 (cudnn)"; by ours as it is.
[[nodiscard]] std::string peerLabel(const std::string& label, const std::string& peer);

void to_json(nlohmann::json& json, const Sample& sample);
/// Throws nlohmann::json::exception on a wrong record; Recording turns that into an Error.
void from_json(const nlohmann::json& json, Sample& sample);

} // namespace decodescope
