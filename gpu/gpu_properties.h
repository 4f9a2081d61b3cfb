// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace decodescope {

/// What decides how a kernel is launched on a GPU, as cudaGetDeviceProperties tells it. Bytes, or
/// counts of one streaming multiprocessor (SM).
struct GpuProperties {
    int computeMajor = 0, computeMinor = 0;
    int smCount = 0;
    int threadsPerSm = 0;
    int blocksPerSm = 0;
    int registersPerSm = 0;
    int sharedBytesPerSm = 0;
    int sharedBytesPerBlock = 0;         ///< most, opted in
    int reservedSharedBytesPerBlock = 0; ///< that the driver takes beside a block's own
    std::uint64_t l2Bytes = 0;

    /// 75 for 7.5.
    [[nodiscard]] int computeCapability() const { return computeMajor * 10 + computeMinor; }
};

} // namespace decodescope
