// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace decodescope {

/// A level of data cache, as the first core has it.
struct CpuCache {
    int level = 1;
    std::uint64_t bytes = 0; ///< of one cache
    int threads = 1;         ///< that share one, of those this process may run on
};

/// The CPU as this process may use it.
struct CpuTopology {
    std::string name; ///< "AMD EPYC 9354"
    int threads = 1;  ///< that this process may run on, container limits counted
    std::optional<std::uint64_t> lastLevelCacheBytes; ///< of all last-level caches together
    std::vector<CpuCache> caches; ///< from the innermost out; empty where the system does not tell
};

/// Found once, then remembered.
[[nodiscard]] const CpuTopology& cpuTopology();

} // namespace decodescope
