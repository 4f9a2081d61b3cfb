// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include <QSize>
#include <QString>
#include <QStringList>

#include "core/spec/result.h"

namespace decodescope {

/// What --export asks for: a file written without a window.
struct ExportOptions {
    QString file; ///< its ending says whether it is a chart or data
    QString chart = QStringLiteral("overview");
    QSize size{1200, 750}; ///< logical pixels
    double dotsPerInch = 192;
    bool dark = false;
};

/// What the command line of decodescope asks for.
struct StartOptions {
    QStringList files;
    QStringList compared; ///< the baseline, and what is held against it; empty: nothing is
    bool quickLook = true;
    bool version = false;
    bool help = false;
    QString screenshot;        ///< write a picture of the window there and leave
    int screenshotAfterMs = 0; ///< after so long
    std::optional<ExportOptions> exported;
};

/// Arguments without the program's own name. Errors: BadUsage.
[[nodiscard]] Result<StartOptions> parseStartOptions(const QStringList& arguments);
[[nodiscard]] QString helpText();

/// Whether Qt can open a window here. Asks the environment only.
[[nodiscard]] bool displayIsThere();

} // namespace decodescope
