// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace decodescope {

/// The CPU as this process may use it.
struct CpuTopology {
    std::string name; ///< "AMD EPYC 9354"
    int threads = 1;  ///< that this process may run on, container limits counted
    std::optional<std::uint64_t> lastLevelCacheBytes; ///< of all last-level caches together
};

/// Found once, then remembered.
[[nodiscard]] const CpuTopology& cpuTopology();

} // namespace decodescope
