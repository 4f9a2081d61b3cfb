// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/engine/decoder.h"
#include "gpu/gpu_runtime.h"

namespace decodescope {

/// A part of a step whose time stands for that of several layers of the model.
struct StepSegment {
    double represents = 1;
    int launches = 0;              ///< kernels that `queue` queues
    std::function<Status()> queue; ///< used while it is recorded, no longer
};

/// One decode step as one graph of the GPU, with events between its segments.
class StepRecording {
public:
    /// Errors: those of GpuRuntime.
    [[nodiscard]] static Result<StepRecording> record(std::shared_ptr<GpuRuntime> gpu,
                                                      const std::vector<StepSegment>& segments);
    /// Runs the step and waits for it. Errors: those of GpuRuntime.
    [[nodiscard]] Result<StepTiming> run();

private:
    std::shared_ptr<GpuRuntime> m_gpu;
    std::unique_ptr<GpuGraph> m_graph;
    std::vector<std::unique_ptr<GpuEvent>> m_events; ///< before, between and after the segments
    std::vector<double> m_represents;
    double m_launches = 0;
};

} // namespace decodescope
