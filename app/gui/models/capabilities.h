// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace decodescope {

/// Whether something can be done now, and if not, why: the tooltip of its disabled button.
struct Capability {
    bool enabled = false;
    QString reason;
    bool operator==(const Capability&) const = default;
};

/// What the window may offer. All false until something says otherwise.
struct Capabilities {
    Capability run;
    Capability stop;
    Capability pause;
    Capability goOn; ///< with a partial run
    Capability enqueue;
    Capability save;
    Capability exportData;
    bool operator==(const Capabilities&) const = default;
};

} // namespace decodescope
