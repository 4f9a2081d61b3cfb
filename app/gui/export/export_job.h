// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

#include "app/gui/startup/start_options.h"

namespace decodescope {

/// Does what --export asks for: reads the files (a recording, a model, or nothing for the default
/// model) and writes one chart or table. `compared` is empty or holds the baseline's file and that
/// of what is held against it: data are then the comparison's. Needs a QApplication, but no
/// display. Errors: as the files' readers and exportChart() or exportData() have them.
[[nodiscard]] Status runExport(const ExportOptions& options, const QStringList& files,
                               const QStringList& compared = {});

} // namespace decodescope
