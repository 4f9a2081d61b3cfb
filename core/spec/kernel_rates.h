// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/spec/data_type.h"

namespace decodescope {

/// How a device's kernels cut the attention of one KV head into parts for its threads.
struct AttentionUnits {
    std::int64_t tileTokens = 1; ///< read at a time: a context's last tile costs a whole one
    std::int64_t leastPartTokens = 1;
    std::int64_t mostPartTokens = std::numeric_limits<std::int64_t>::max();
    std::int64_t partsPerThread = 1; ///< wanted, of all heads together
    /// A layer is one launch on a device that it may fill or not: what a row costs follows from how
    /// many rows there are (LaunchRate), and not from the parts and threads of AttentionRate.
    bool launched = false;
    bool operator==(const AttentionUnits&) const = default;

    /// Tokens of one part, a whole number of tiles, where `heads` (KV heads × sequences) of
    /// `tokens` tokens are divided over `threads`.
    [[nodiscard]] std::int64_t partTokens(std::int64_t heads, std::int64_t tokens,
                                          int threads) const;
    [[nodiscard]] std::int64_t partsOfHead(std::int64_t heads, std::int64_t tokens,
                                           int threads) const;
};

/// Decode attention over keys and values of one type, all threads together.
struct AttentionRate {
    DataType type = DataType::F16;
    std::int64_t group = 1; ///< query heads of a KV head
    std::int64_t headDim = 128;
    int threads = 1;
    bool cached = false;      ///< the last-level cache held what was read
    double secondsPerRow = 0; ///< of one token of one KV head: its key and its value
    bool operator==(const AttentionRate&) const = default;
};
/// What each part of a head costs beside its rows (queries made ready, results merged), on one
/// thread at a head_dim of 128.
struct AttentionPartRate {
    DataType type = DataType::F16;
    std::int64_t group = 1;
    double secondsPerPart = 0;
    bool operator==(const AttentionPartRate&) const = default;
};
/// Decode attention of one layer as one launch.
struct LaunchRate {
    DataType type = DataType::F16;
    std::int64_t group = 1; ///< query heads of a KV head
    std::int64_t headDim = 128;
    bool cached = false;   ///< the last-level cache held what was read
    std::int64_t rows = 1; ///< tokens of all KV heads and sequences
    double seconds = 0;    ///< beside LayerRate::attentionSeconds
    bool operator==(const LaunchRate&) const = default;
};
/// Linear layers, all threads together.
struct LinearRate {
    DataType type = DataType::F16;
    std::int64_t batch = 1;
    int threads = 1;
    bool cached = false;
    double secondsPerByte = 0; ///< of stored weights
    bool operator==(const LinearRate&) const = default;
};
/// What each input and each output of a matrix costs beside its weights (made ready, added up), for
/// all sequences of a batch.
struct ActivationRate {
    DataType type = DataType::F16; ///< of the weights
    std::int64_t batch = 1;
    int threads = 1;
    double secondsPerValue = 0;
    bool operator==(const ActivationRate&) const = default;
};
/// What a layer costs however little it holds: handing out its work, the small kernels.
struct LayerRate {
    int threads = 1;
    double attentionSeconds = 0; ///< of the attention alone
    double stepSeconds = 0;      ///< of a whole layer
    double startSeconds = 0;     ///< of a step, however many its layers; only of launched devices
    bool operator==(const LayerRate&) const = default;
};
/// How much of what a step reads comes from memory, by the bytes that all of it takes.
struct ResidencyRate {
    std::uint64_t bytes = 0;
    double fromMemory = 0; ///< 0: at the cached rates, 1: at those of memory
    int threads = 0;       ///< 0: any number
    bool operator==(const ResidencyRate&) const = default;
};

/// What the decode kernels reach on a device that does nothing else, measured on it step by step.
/// A point's rate is the fastest of its repetitions; how much slower they usually are is told
/// beside. Times are in seconds.
struct KernelRates {
    AttentionUnits units;
    std::vector<AttentionRate> attention;
    std::vector<AttentionPartRate> parts;
    std::vector<LaunchRate> launches; ///< in place of the two above where units.launched
    std::vector<LinearRate> linear;
    std::vector<ActivationRate> activations;
    std::vector<LayerRate> layers;
    std::vector<ResidencyRate> residency;
    double usualSlowdown = 1; ///< median time over fastest, of the median point
    double mostSlowdown = 1;  ///< of nine points in ten
    bool operator==(const KernelRates&) const = default;
};
void to_json(nlohmann::json& json, const KernelRates& rates);
/// Throws nlohmann::json::exception on a wrong record, and for a rate or a count that is not above
/// zero.
void from_json(const nlohmann::json& json, KernelRates& rates);

/// The better of two measurements of one device, point by point, with what only one has. How noisy
/// it is tells `a`, the later one.
[[nodiscard]] KernelRates bestOf(const KernelRates& a, const KernelRates& b);

} // namespace decodescope
