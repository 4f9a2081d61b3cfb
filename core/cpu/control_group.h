// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/engine/memory_ledger.h"

namespace decodescope {

/// A control group of the Linux kernel that may limit memory (a container, a service, a job).
struct ControlGroup {
    std::filesystem::path root; ///< of the hierarchy: /sys/fs/cgroup or /sys/fs/cgroup/memory
    std::string group;          ///< below the root: "/", "/system.slice/a.service"
    bool versionTwo = true;     ///< names of the files
};

/// Those this process is in, of version 2 and 1; none where the system has no such notion.
[[nodiscard]] std::vector<ControlGroup> ownControlGroups();

/// Lowers total and available memory to what `group` and every group around it allow. The pages of
/// files that the kernel would give back count as available, as they do in MemAvailable. Changes
/// nothing where no group has a limit below the total.
void applyMemoryLimits(const ControlGroup& group, MemoryReading& reading);

} // namespace decodescope
