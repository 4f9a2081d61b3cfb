// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/topology.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <hwloc.h>

namespace decodescope {
namespace {

/// CPUs' worth of time that a control group allows (version 2: "quota period"), rounded up.
std::optional<int> quotaThreads() {
    std::ifstream file("/sys/fs/cgroup/cpu.max");
    double quota = 0;
    double period = 0;
    if (!(file >> quota >> period) || quota <= 0 || period <= 0)
        return std::nullopt;
    return std::max(1, static_cast<int>(quota / period + 0.999));
}

std::uint64_t lastLevelCache(hwloc_topology_t topology) {
    for (const hwloc_obj_type_t type :
         {HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L1CACHE}) {
        std::uint64_t bytes = 0;
        const int found = hwloc_get_nbobjs_by_type(topology, type);
        for (int i = 0; i < found; ++i)
            if (const hwloc_obj* cache =
                    hwloc_get_obj_by_type(topology, type, static_cast<unsigned>(i)))
                bytes += cache->attr->cache.size;
        if (bytes > 0)
            return bytes;
    }
    return 0;
}

std::vector<CpuCache> cachesOf(hwloc_topology_t topology) {
    std::vector<CpuCache> caches;
    int level = 1;
    for (const hwloc_obj_type_t type :
         {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE}) {
        const hwloc_obj* cache = hwloc_get_obj_by_type(topology, type, 0);
        if (cache && cache->attr->cache.size > 0)
            caches.push_back({level, cache->attr->cache.size, hwloc_bitmap_weight(cache->cpuset)});
        ++level;
    }
    return caches;
}

CpuTopology discover() {
    CpuTopology cpu;
    cpu.name = "CPU";
    cpu.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    // Where there is no /sys, what follows here is the answer: no line of hwloc's own about it.
    setenv("HWLOC_HIDE_ERRORS", "2", 0);
    hwloc_topology_t topology = nullptr;
    if (hwloc_topology_init(&topology) != 0)
        return cpu;
    // Only what this process may use: a cpuset of a container leaves the rest out.
    if (hwloc_topology_load(topology) == 0) {
        hwloc_obj* machine = hwloc_get_root_obj(topology);
        const char* model = hwloc_obj_get_info_by_name(machine, "CPUModel");
        if (hwloc_obj* package = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
            !model && package)
            model = hwloc_obj_get_info_by_name(package, "CPUModel");
        if (model && *model)
            cpu.name = model;
        hwloc_bitmap_t bound = hwloc_bitmap_alloc();
        if (hwloc_get_cpubind(topology, bound, HWLOC_CPUBIND_PROCESS) == 0 &&
            hwloc_bitmap_weight(bound) > 0)
            cpu.threads = hwloc_bitmap_weight(bound);
        hwloc_bitmap_free(bound);
        if (const std::uint64_t bytes = lastLevelCache(topology); bytes > 0)
            cpu.lastLevelCacheBytes = bytes;
        cpu.caches = cachesOf(topology);
    }
    hwloc_topology_destroy(topology);
    if (const auto quota = quotaThreads())
        cpu.threads = std::min(cpu.threads, *quota);
    return cpu;
}

} // namespace

const CpuTopology& cpuTopology() {
    static const CpuTopology cpu = discover();
    return cpu;
}

} // namespace decodescope
