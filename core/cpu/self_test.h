// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/spec/data_type.h"

namespace decodescope {

struct SelfTestOptions {
    bool full = false; ///< every group size and every length; otherwise a subset in seconds
    int threads = 0;   ///< 0: all
    std::uint64_t seed = 1;
};

/// One kernel on one shape against the double reference.
struct SelfTestResult {
    std::string kernel; ///< "attention", "attention flat", "projection", …
    DataType type = DataType::F16;
    std::int64_t headDim = 0; ///< of attention, as group and context
    std::int64_t group = 0;
    std::int64_t context = 0;
    std::int64_t batch = 1;
    double error = 0; ///< relative, 2-norm
    double bound = 0;
    std::int64_t rows = 0, columns = 0; ///< of a projection
    [[nodiscard]] bool pass() const { return error <= bound; }
};

/// Runs the kernels of the instruction set in use (kernelTarget()) on shapes that break things and
/// compares each with the scalar reference. `progress` gets each result as it comes, and the share
/// done so far. A stop request ends it early with what was done.
using SelfTestProgress = std::function<void(const SelfTestResult&, double share)>;
[[nodiscard]] std::vector<SelfTestResult> runCpuSelfTest(const SelfTestOptions& options,
                                                         const SelfTestProgress& progress,
                                                         const std::stop_token& stop);

} // namespace decodescope
