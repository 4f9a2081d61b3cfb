// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QAction;

namespace decodescope {

/// What pages offer to do. Null where there is nobody to press it.
struct PageActions {
    QAction* run = nullptr;
    QAction* pinBaseline = nullptr;
    QAction* openBaseline = nullptr;
    QAction* removeBaseline = nullptr;
};

} // namespace decodescope
