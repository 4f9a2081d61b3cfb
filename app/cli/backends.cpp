// SPDX-License-Identifier: Apache-2.0
#include "app/cli/backends.h"

#include <utility>

#include <fmt/format.h>

#include "core/cpu/cpu_backend.h"
#include "core/profile/calibration.h"
#include "gpu/cuda_backend.h"

namespace decodescope {

Backends::Backends() {
    m_backends.push_back(makeCpuBackend());
    m_backends.push_back(makeCudaBackend());
}

std::vector<DeviceInfo> Backends::devices() const {
    std::vector<DeviceInfo> all;
    for (const std::unique_ptr<Backend>& backend : m_backends)
        for (DeviceInfo& device : backend->devices()) {
            if (device.available)
                device.ceilings = loadCeilings(device).ceilings;
            all.push_back(std::move(device));
        }
    return all;
}

Result<Backends::Found> Backends::usable(const std::string& id) const {
    std::string known;
    for (const std::unique_ptr<Backend>& backend : m_backends)
        for (DeviceInfo& device : backend->devices()) {
            known += (known.empty() ? "" : ", ") + device.id;
            if (id != device.id && !(id == "auto" && device.available))
                continue;
            if (!device.available)
                return Error{ErrorCode::DeviceUnavailable, device.reason, device.id,
                             "\"decodescope-cli devices\" lists what can be used."};
            device.ceilings = loadCeilings(device).ceilings;
            return Found{backend.get(), std::move(device)};
        }
    if (id.rfind("cuda:", 0) == 0)
        return Error{ErrorCode::DeviceUnavailable, "there is no such GPU", id,
                     fmt::format("Known devices: {}.", known)};
    return Error{ErrorCode::BadUsage, "no local device has this name", id,
                 fmt::format("Known devices: {}. Devices of the catalogue can be planned for, "
                             "not measured.",
                             known)};
}

} // namespace decodescope
