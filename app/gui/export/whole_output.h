// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QString>

#include "core/spec/result.h"

namespace decodescope {

/// The file appears with all the bytes or not at all. Errors: OutputNotWritten.
[[nodiscard]] Status writeWhole(const QByteArray& bytes, const QString& path);

} // namespace decodescope
