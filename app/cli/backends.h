// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/engine/backend.h"

namespace decodescope {

/// All hardware this program can ask: the one place where backends are made.
class Backends {
public:
    Backends();

    /// Every device, with its ceilings where a fresh calibration is stored.
    [[nodiscard]] std::vector<DeviceInfo> devices() const;

    /// A device and the backend that owns it.
    struct Found {
        Backend* backend = nullptr;
        DeviceInfo device;
    };
    /// "auto" is the first that can be used. Errors: DeviceUnavailable with the reason, BadUsage
    /// for an id that no backend knows.
    [[nodiscard]] Result<Found> usable(const std::string& id) const;

private:
    std::vector<std::unique_ptr<Backend>> m_backends;
};

} // namespace decodescope
