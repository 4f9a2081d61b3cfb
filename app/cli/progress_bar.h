// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "core/profile/event.h"

namespace decodescope {

/// Shows a run on standard error: one moving line on a terminal, one line a point elsewhere.
class ProgressBar {
public:
    ProgressBar();
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    void show(const Event& event);

private:
    void draw(const Progress& progress);
    void print(const std::string& line);
    void clear();

    bool m_terminal = false;
    bool m_colour = false;
    bool m_drawn = false;
    std::chrono::steady_clock::time_point m_last;
};

} // namespace decodescope
