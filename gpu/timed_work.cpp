// SPDX-License-Identifier: Apache-2.0
#include "gpu/timed_work.h"

namespace decodescope {

Result<double> timedWork(GpuRuntime& gpu, GpuEvent& before, GpuEvent& after,
                         const std::function<Status()>& queue) {
    Status status = before.record();
    if (status)
        status = queue();
    if (status)
        status = after.record();
    if (status)
        status = gpu.synchronize();
    if (!status)
        return status.error();
    return after.secondsSince(before);
}

} // namespace decodescope
