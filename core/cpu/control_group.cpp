// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/control_group.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>

namespace decodescope {
namespace {

namespace fs = std::filesystem;

/// Nothing for a file that is not there or holds no number ("max").
std::optional<std::uint64_t> readNumber(const fs::path& path) {
    std::ifstream file(path);
    std::uint64_t value = 0;
    if (!(file >> value))
        return std::nullopt;
    return value;
}

/// Bytes of file pages in the group and all groups in it. They are counted as used, and dropped
/// where memory is wanted.
std::uint64_t filePageBytes(const fs::path& folder, bool versionTwo) {
    const std::string prefix = versionTwo ? "" : "total_";
    std::ifstream file(folder / "memory.stat");
    std::string key;
    std::uint64_t value = 0;
    std::uint64_t sum = 0;
    while (file >> key >> value)
        if (key == prefix + "inactive_file" || key == prefix + "active_file")
            sum += value;
    return sum;
}

/// This process's group of one version, as /proc/self/cgroup has it.
std::string ownGroup(bool versionTwo) {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        const bool matches = versionTwo ? line.starts_with("0::")
                                        : line.find(":memory:") != std::string::npos ||
                                              line.find(",memory:") != std::string::npos ||
                                              line.find(":memory,") != std::string::npos;
        const std::size_t path = line.find('/');
        if (matches && path != std::string::npos)
            return line.substr(path);
    }
    return "/";
}

void applyLimit(const fs::path& folder, bool versionTwo, MemoryReading& reading) {
    const auto limit = readNumber(folder / (versionTwo ? "memory.max" : "memory.limit_in_bytes"));
    const auto used =
        readNumber(folder / (versionTwo ? "memory.current" : "memory.usage_in_bytes"));
    if (!limit || !used || (reading.totalBytes && *limit >= *reading.totalBytes))
        return;
    reading.totalBytes = limit;
    const std::uint64_t held = *used - std::min(*used, filePageBytes(folder, versionTwo));
    const std::uint64_t left = *limit - std::min(*limit, held);
    reading.availableBytes = std::min(reading.availableBytes.value_or(left), left);
}

} // namespace

std::vector<ControlGroup> ownControlGroups() {
#if defined(__linux__)
    return {{"/sys/fs/cgroup", ownGroup(true), true},
            {"/sys/fs/cgroup/memory", ownGroup(false), false}};
#else
    return {};
#endif
}

void applyMemoryLimits(const ControlGroup& group, MemoryReading& reading) {
    const std::optional<std::uint64_t> machine = reading.totalBytes;
    std::optional<std::uint64_t> lowest = machine;
    std::string at = group.group;
    while (true) {
        // A group with the higher limit may still have less left: each is asked on its own.
        reading.totalBytes = machine;
        applyLimit(at.size() > 1 ? group.root / at.substr(1) : group.root, group.versionTwo,
                   reading);
        if (reading.totalBytes && (!lowest || *reading.totalBytes < *lowest))
            lowest = reading.totalBytes;
        if (at.size() <= 1)
            break;
        at.erase(std::max<std::size_t>(1, at.rfind('/')));
    }
    reading.totalBytes = lowest;
}

} // namespace decodescope
