// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace decodescope::bench {

/// Another program that answers a line with a line.
class LineProcess {
public:
    /// Its standard error is ours. Where it cannot be started, no line is ever answered.
    explicit LineProcess(const std::vector<std::string>& command);
    ~LineProcess();
    LineProcess(const LineProcess&) = delete;
    LineProcess& operator=(const LineProcess&) = delete;

    /// Nothing once the other has ended.
    [[nodiscard]] std::optional<std::string> ask(const std::string& line);

private:
    pid_t m_child = -1;
    FILE* m_to = nullptr;
    FILE* m_from = nullptr;
};

} // namespace decodescope::bench
