// SPDX-License-Identifier: Apache-2.0
#include "gpu/occupancy.h"

#include <algorithm>

namespace decodescope {
namespace {

constexpr int kWarpThreads = 32;
constexpr int kRegisterUnit = 256;
constexpr int kPartitions = 4; ///< of an SM, each with its own registers and warps

int roundedUp(int value, int unit) {
    return (value + unit - 1) / unit * unit;
}

} // namespace

int blocksPerSm(const GpuProperties& device, int threads, int registersPerThread, int sharedBytes) {
    if (sharedBytes > device.sharedBytesPerBlock)
        return 0;
    const int warps = (threads + kWarpThreads - 1) / kWarpThreads;
    int blocks = std::min(device.blocksPerSm, device.threadsPerSm / (warps * kWarpThreads));
    const int ofWarp = roundedUp(std::max(registersPerThread, 1) * kWarpThreads, kRegisterUnit);
    const int warpsOfPartition = device.registersPerSm / kPartitions / ofWarp;
    blocks = std::min(blocks, warpsOfPartition * kPartitions / warps);
    // Compute capability 7.x gives shared memory in units of 256 bytes, later ones of 128.
    const int unit = device.computeMajor < 8 ? 256 : 128;
    const int ofBlock = roundedUp(sharedBytes, unit) + device.reservedSharedBytesPerBlock;
    if (ofBlock > 0)
        blocks = std::min(blocks, device.sharedBytesPerSm / ofBlock);
    return blocks;
}

} // namespace decodescope
