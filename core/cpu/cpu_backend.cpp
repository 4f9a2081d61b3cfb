// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/cpu_backend.h"

#include "core/cpu/attention.h"
#include "core/cpu/attention_kernel.h"
#include "core/cpu/capabilities.h"
#include "core/cpu/ceilings.h"
#include "core/cpu/cpu_decoder.h"
#include "core/cpu/memory_counters.h"
#include "core/cpu/topology.h"

namespace decodescope {
namespace {

Status known(const std::string& deviceId) {
    if (deviceId == kCpuDeviceId)
        return Done{};
    return Error{ErrorCode::DeviceUnavailable, "there is no such CPU device", deviceId,
                 "The CPU is called cpu."};
}

class CpuBackend : public Backend {
public:
    std::vector<DeviceInfo> devices() override {
        const CpuTopology& cpu = cpuTopology();
        const MemoryReading memory = readSystemMemory();
        DeviceInfo device;
        device.id = kCpuDeviceId;
        device.name = cpu.name;
        device.backend = "cpu";
        device.available = true;
        device.memoryTotalBytes = memory.totalBytes;
        device.memoryFreeBytes = memory.availableBytes;
        device.lastLevelCacheBytes = cpu.lastLevelCacheBytes;
        device.threads = cpu.threads;
        device.simd = kernelTarget();
        device.bf16Dot = dotUnits().bf16 && dotUnits().bf16Fast;
        device.bf16Matrix = dotUnits().bf16Matrix;
        device.int8Dot = dotUnits().int8;
        device.unitUses = unitUses(dotUnits());
        device.ceilings = m_ceilings;
        return {device};
    }

    MemoryReading readMemory(const std::string& deviceId) override {
        return known(deviceId) ? readSystemMemory() : MemoryReading{};
    }

    Result<Ceilings> measureCeilings(const std::string& deviceId, const CalibrationRequest& request,
                                     std::stop_token stop) override {
        if (Status status = known(deviceId); !status)
            return status.error();
        Result<Ceilings> ceilings = measureCpuCeilings(request, stop);
        if (ceilings)
            m_ceilings = *ceilings;
        return ceilings;
    }

    Status covers(const std::string& deviceId, const DecoderRequest& request) override {
        if (Status status = known(deviceId); !status)
            return status.error();
        return covered(request);
    }

    AttentionUnits attentionUnits() const override { return decodescope::attentionUnits(); }

    Result<std::unique_ptr<Decoder>> makeDecoder(const std::string& deviceId,
                                                 const DecoderRequest& request,
                                                 std::stop_token stop) override {
        if (Status status = known(deviceId); !status)
            return status.error();
        return makeCpuDecoder(request, stop);
    }

private:
    std::optional<Ceilings> m_ceilings; ///< the last measured
};

} // namespace

std::unique_ptr<Backend> makeCpuBackend() {
    return std::make_unique<CpuBackend>();
}

} // namespace decodescope
