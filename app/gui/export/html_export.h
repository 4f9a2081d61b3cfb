// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QString>

#include "core/profile/recording.h"
#include "core/spec/result.h"

namespace decodescope {

class PlotWidget;
class Session;

/// Whether a report is written under this name: .html.
[[nodiscard]] bool isHtmlFile(const QString& path);

/// Writes a report of the recording (which may be empty), of what is planned in the session, and of
/// the charts. The file appears whole or not at all. Errors:
/// OutputNotWritten.
[[nodiscard]] Status exportHtml(const Recording& recording, const Session& session,
                                const std::vector<PlotWidget*>& charts, const QString& path);

} // namespace decodescope
