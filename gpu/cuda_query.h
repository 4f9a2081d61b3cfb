// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace decodescope {

/// One GPU as the runtime describes it. Sizes in bytes.
struct CudaDevice {
    int index = 0;
    std::string name;
    int computeMajor = 0, computeMinor = 0;
    std::uint64_t totalBytes = 0;
    std::uint64_t freeBytes = 0; ///< 0 with memoryKnown == false
    std::uint64_t l2Bytes = 0;
    bool memoryKnown = false; ///< cudaMemGetInfo answered
    std::string busId;        ///< pciBusId()
    int error = 0;            ///< cudaError_t where the GPU does not let itself be used; 0: none
    std::string errorText;    ///< the runtime's own words for it
};

/// What the CUDA runtime says of this machine.
struct CudaQuery {
    bool built = false;    ///< this build has the CUDA runtime in it
    int error = 0;         ///< cudaError_t of the first call that failed; 0: none
    std::string errorText; ///< the runtime's own words for it
    int driverVersion = 0; ///< as cudaDriverGetVersion: 13000 for 13.0; 0: no driver
    std::vector<CudaDevice> devices;
};

/// Asks the runtime; creates a context on a device only to read its free memory.
[[nodiscard]] CudaQuery queryCuda();
/// Free and total memory of one device, or an entry with memoryKnown == false.
[[nodiscard]] CudaDevice queryCudaMemory(int index);

} // namespace decodescope
