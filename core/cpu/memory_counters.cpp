// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/memory_counters.h"

#include <cstdio>
#include <memory>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

#include "core/cpu/control_group.h"

namespace decodescope {
namespace {

#if defined(__linux__)

struct CloseFile {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

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
    for (const ControlGroup& group : ownControlGroups())
        applyMemoryLimits(group, reading);
#elif defined(_SC_PHYS_PAGES) && defined(_SC_PAGESIZE)
    const long pages = sysconf(_SC_PHYS_PAGES);
    if (pages > 0)
        reading.totalBytes =
            static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
#endif
    return reading;
}

} // namespace decodescope
