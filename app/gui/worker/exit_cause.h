// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace decodescope {

/// One sentence for how a worker ended that did not say so itself. `code` is the exit code, or the
/// signal's number where the process `crashed` (QProcess::exitCode() on Unix).
[[nodiscard]] QString exitCause(bool crashed, int code);

} // namespace decodescope
