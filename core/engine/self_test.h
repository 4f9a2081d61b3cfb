// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/spec/data_type.h"

namespace decodescope {

struct SelfTestOptions {
    bool full = false; ///< every group size and every length; otherwise a subset in seconds
    int threads = 0;   ///< 0: all; of a CPU
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

/// Told each result as it comes, and the share done so far.
using SelfTestProgress = std::function<void(const SelfTestResult&, double share)>;

} // namespace decodescope
