// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/spec/data_type.h"

namespace decodescope::bench {

/// A figure to reach on GPUs of a name.
struct GpuGoal {
    const char* device = "";                   ///< a word of the GPU's name: "H200"
    std::optional<double> microseconds = {};   ///< of one attention call, at most
    std::optional<double> bandwidthShare = {}; ///< of the measured read bandwidth, at least
};

/// One attention call: a new token of each sequence over the cache of one layer.
struct GpuCase {
    std::string name;
    std::int64_t heads = 32, kvHeads = 8, headDim = 128, context = 4096, batch = 1;
    DataType type = DataType::BF16;
    std::optional<double> bandwidthShare = {}; ///< on every GPU
    std::vector<GpuGoal> goals = {};           ///< on some; the first whose word the name contains

    /// Keys and values that the call reads.
    [[nodiscard]] std::uint64_t cacheBytes() const;
    [[nodiscard]] const GpuGoal* goalOn(std::string_view deviceName) const;
};

/// Shapes from 256 MiB of cache, which every GPU should stream; then those of published figures.
[[nodiscard]] std::vector<GpuCase> gpuCases();

} // namespace decodescope::bench
