// SPDX-License-Identifier: Apache-2.0
#include "gpu/cuda_backend.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "gpu/cuda_query.h"
#include "gpu/cuda_status.h"

namespace decodescope {
namespace {

class CudaBackend final : public Backend {
public:
    std::vector<DeviceInfo> devices() override { return cudaDeviceInfos(queryCuda()); }

    MemoryReading readMemory(const std::string& deviceId) override {
        MemoryReading reading;
        constexpr std::string_view prefix = "cuda:";
        int index = 0;
        const char* const end = deviceId.data() + deviceId.size();
        if (deviceId.rfind(prefix, 0) != 0 ||
            std::from_chars(deviceId.data() + prefix.size(), end, index).ptr != end)
            return reading;
        const CudaDevice device = queryCudaMemory(index);
        if (device.memoryKnown) {
            reading.totalBytes = device.totalBytes;
            reading.availableBytes = device.freeBytes;
        }
        return reading;
    }

    Result<Ceilings> measureCeilings(const std::string& deviceId, const CalibrationRequest&,
                                     std::stop_token) override {
        return unavailable(deviceId);
    }

    Result<std::unique_ptr<Decoder>> makeDecoder(const std::string& deviceId, const DecoderRequest&,
                                                 std::stop_token) override {
        return unavailable(deviceId);
    }

private:
    Error unavailable(const std::string& deviceId) {
        const std::vector<DeviceInfo> found = devices();
        const auto device = std::find_if(found.begin(), found.end(), [&](const DeviceInfo& each) {
            return each.id == deviceId;
        });
        return {ErrorCode::DeviceUnavailable,
                device == found.end() ? "there is no such GPU" : device->reason, deviceId,
                "Measure on the CPU with --device cpu."};
    }
};

} // namespace

std::unique_ptr<Backend> makeCudaBackend() {
    return std::make_unique<CudaBackend>();
}

} // namespace decodescope
