// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/profile/resume.h"

namespace CLI {
class App;
}

namespace decodescope {

/// --resume: what is missing of a recording, added to it.
struct ResumeOptions {
    std::string file;

    void add(CLI::App& command);
    [[nodiscard]] bool given() const { return !file.empty(); }
    /// Errors: FileUnreadable; BadUsage for a file that lines cannot be added to, beside options
    /// that say what to measure, and as resumedRequest().
    [[nodiscard]] Result<Recording> read() const;
    /// Whether --max-time stands beside it.
    [[nodiscard]] bool timeGiven() const;

private:
    const CLI::App* m_command = nullptr;
};

} // namespace decodescope
