// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "emulated_runtime.h"
#include "gpu/gpu_system.h"

namespace decodescope {

/// A machine with one emulated GPU.
class EmulatedSystem final : public GpuSystem {
public:
    explicit EmulatedSystem(const EmulatedGpu& gpu)
        : m_gpu(gpu), m_runtime(std::make_shared<EmulatedRuntime>(gpu)) {}

    [[nodiscard]] const std::shared_ptr<EmulatedRuntime>& runtime() const { return m_runtime; }

    CudaQuery query() override {
        CudaQuery query;
        query.built = true;
        query.driverVersion = 13000;
        CudaDevice device = memory(0);
        device.name = "Emulated GPU";
        device.computeMajor = m_gpu.properties.computeMajor;
        device.computeMinor = m_gpu.properties.computeMinor;
        device.l2Bytes = m_gpu.properties.l2Bytes;
        query.devices = {device};
        return query;
    }
    CudaDevice memory(int index) override {
        CudaDevice device;
        const Result<GpuMemory> memory = m_runtime->memory();
        device.index = index;
        device.totalBytes = memory->totalBytes;
        device.freeBytes = memory->freeBytes;
        device.memoryKnown = index == 0;
        return device;
    }
    Result<std::shared_ptr<GpuRuntime>> open(int) override { return {m_runtime}; }
    Result<CublasLt> matrixLibrary() override { return CublasLt::open({}); }

private:
    EmulatedGpu m_gpu;
    std::shared_ptr<EmulatedRuntime> m_runtime;
};

} // namespace decodescope
