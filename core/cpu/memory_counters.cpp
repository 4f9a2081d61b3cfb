// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/memory_counters.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace decodescope {
namespace {

#if defined(__linux__)

struct CloseFile {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

std::optional<std::uint64_t> readNumber(const std::string& path) {
    const File file(std::fopen(path.c_str(), "re"));
    unsigned long long value = 0;
    if (!file || std::fscanf(file.get(), "%llu", &value) != 1) // "max" is no number
        return std::nullopt;
    return value;
}

/// This process's folder in a control-group hierarchy: the line "0::/path" (version 2) or the one
/// that names the memory controller (version 1) of /proc/self/cgroup.
std::string controlGroup(bool versionTwo) {
    const File file(std::fopen("/proc/self/cgroup", "re"));
    char line[512];
    while (file && std::fgets(line, sizeof line, file.get())) {
        std::string text(line);
        text.erase(text.find_last_not_of('\n') + 1);
        const std::size_t path = text.find('/');
        if (path == std::string::npos)
            continue;
        const bool matches =
            versionTwo ? text.rfind("0::", 0) == 0 : text.find(":memory:") != std::string::npos;
        if (matches)
            return text.substr(path);
    }
    return "/";
}

struct Limit {
    std::uint64_t limitBytes, usedBytes;
};

/// The lowest memory limit between this process's control group and the root of the hierarchy.
std::optional<Limit> controlGroupLimit(bool versionTwo) {
    const std::string root = versionTwo ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const std::string limitName = versionTwo ? "/memory.max" : "/memory.limit_in_bytes";
    const std::string usedName = versionTwo ? "/memory.current" : "/memory.usage_in_bytes";
    std::optional<Limit> lowest;
    std::string group = controlGroup(versionTwo);
    while (true) {
        const std::string folder = group == "/" ? root : root + group;
        const auto limit = readNumber(folder + limitName);
        const auto used = readNumber(folder + usedName);
        if (limit && used && (!lowest || *limit < lowest->limitBytes))
            lowest = Limit{*limit, *used};
        if (group.size() <= 1)
            return lowest;
        group.erase(std::max<std::size_t>(1, group.rfind('/')));
    }
}

void readMemInfo(MemoryReading& reading) {
    const File file(std::fopen("/proc/meminfo", "re"));
    char line[128];
    unsigned long long kib = 0;
    while (file && std::fgets(line, sizeof line, file.get())) {
        if (std::sscanf(line, "MemTotal: %llu kB", &kib) == 1)
            reading.totalBytes = kib * 1024;
        else if (std::sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            reading.availableBytes = kib * 1024;
    }
}

std::optional<std::uint64_t> residentBytes() {
    const File file(std::fopen("/proc/self/statm", "re"));
    unsigned long long size = 0;
    unsigned long long resident = 0;
    if (!file || std::fscanf(file.get(), "%llu %llu", &size, &resident) != 2)
        return std::nullopt;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

#endif

} // namespace

MemoryReading readSystemMemory() {
    MemoryReading reading;
#if defined(__linux__)
    readMemInfo(reading);
    reading.processBytes = residentBytes();
    for (const bool versionTwo : {true, false}) {
        const auto limit = controlGroupLimit(versionTwo);
        if (!limit || !reading.totalBytes || limit->limitBytes >= *reading.totalBytes)
            continue;
        reading.totalBytes = limit->limitBytes;
        const std::uint64_t left =
            limit->limitBytes - std::min(limit->limitBytes, limit->usedBytes);
        reading.availableBytes = std::min(reading.availableBytes.value_or(left), left);
    }
#elif defined(_SC_PHYS_PAGES) && defined(_SC_PAGESIZE)
    const long pages = sysconf(_SC_PHYS_PAGES);
    if (pages > 0)
        reading.totalBytes =
            static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
#endif
    return reading;
}

} // namespace decodescope
