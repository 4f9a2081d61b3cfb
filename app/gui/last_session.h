// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

#include "app/gui/models/run_store.h"
#include "app/gui/models/session.h"

namespace decodescope {

/// What was open and chosen when the window was closed, kept in the settings. The measurements
/// themselves are in their files; of a quick look nothing is kept.
namespace last_session {

/// `file`: what Save writes to; empty where nothing was saved. `tab`: the one that is shown.
void keep(const Session& session, const RunStore& runs, const QString& file, int tab);
void forget();

struct Restored {
    QString file;
    int tab = 0;
    QStringList lost; ///< one sentence for each thing that could not be opened again
};
/// Opens again what is kept; what cannot be opened leaves the rest as it is.
[[nodiscard]] Restored restore(Session& session, RunStore& runs);

} // namespace last_session
} // namespace decodescope
