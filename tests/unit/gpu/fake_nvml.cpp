// SPDX-License-Identifier: Apache-2.0
// A shared library with the calls of NVML that are used, and no GPU behind them.
#include "fake_nvml.h"

#include <cstdio>

using decodescope::test::FakeNvml;

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED FakeNvml fakeNvml;
FakeNvml fakeNvml;

namespace {

constexpr int kInvalidArgument = 2;
constexpr int kInsufficientSize = 7;
int theDevice = 0;

} // namespace

EXPORTED int nvmlInit_v2() {
    fakeNvml.started += fakeNvml.initStatus == 0;
    return fakeNvml.initStatus;
}

EXPORTED int nvmlShutdown() {
    ++fakeNvml.stopped;
    return 0;
}

EXPORTED int nvmlDeviceGetHandleByPciBusId_v2(const char* busId, void** device) {
    std::snprintf(fakeNvml.busId, sizeof fakeNvml.busId, "%s", busId);
    *device = &theDevice;
    return fakeNvml.handleStatus;
}

EXPORTED int nvmlDeviceGetClockInfo(void* device, int clock, unsigned* megahertz) {
    if (device != &theDevice || (clock != 1 && clock != 2))
        return kInvalidArgument;
    *megahertz = clock == 1 ? fakeNvml.smClock : fakeNvml.memoryClock;
    return fakeNvml.clockStatus;
}

EXPORTED int nvmlDeviceGetTemperature(void* device, int sensor, unsigned* celsius) {
    if (device != &theDevice || sensor != 0)
        return kInvalidArgument;
    *celsius = fakeNvml.celsius;
    return 0;
}

EXPORTED int nvmlDeviceGetPowerUsage(void* /*device*/, unsigned* milliwatts) {
    *milliwatts = fakeNvml.milliwatts;
    return fakeNvml.powerStatus;
}

EXPORTED int nvmlDeviceGetTotalEnergyConsumption(void* /*device*/,
                                                 unsigned long long* millijoules) {
    *millijoules = fakeNvml.millijoules;
    return fakeNvml.energyStatus;
}

// The older name of the two: drivers have one or both.
EXPORTED int nvmlDeviceGetCurrentClocksThrottleReasons(void* /*device*/, unsigned long long* bits) {
    *bits = fakeNvml.reasons;
    return fakeNvml.reasonsStatus;
}

namespace {

struct ProcessInfo {
    unsigned processId;
    unsigned long long usedBytes;
    unsigned gpuInstance, computeInstance;
};

} // namespace

EXPORTED int nvmlDeviceGetComputeRunningProcesses_v3(void* /*device*/, unsigned* count,
                                                     ProcessInfo* listed) {
    const unsigned room = *count;
    *count = fakeNvml.processes;
    if (room < fakeNvml.processes)
        return kInsufficientSize;
    for (unsigned i = 0; i < fakeNvml.processes; ++i)
        listed[i] = {fakeNvml.firstProcess + i, fakeNvml.firstBytes + i, 0, 0};
    return 0;
}
