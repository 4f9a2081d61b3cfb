// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace decodescope::test {

/// What the fake NVML answers. It is exported by the library as "fakeNvml".
struct FakeNvml {
    // what it does
    int initStatus = 0;
    int handleStatus = 0;
    int clockStatus = 0;
    int powerStatus = 0;
    int energyStatus = 0;
    int reasonsStatus = 0;
    unsigned smClock = 1980, memoryClock = 2619; ///< MHz
    unsigned milliwatts = 413500;
    unsigned celsius = 61;
    unsigned long long reasons = 0;
    unsigned long long millijoules = 123456789;
    unsigned processes = 2;     ///< that use the GPU
    unsigned firstProcess = 70; ///< their numbers count up from here
    unsigned long long firstBytes = 1000;
    // what was asked
    char busId[32] = {};
    int started = 0, stopped = 0;
};

} // namespace decodescope::test
