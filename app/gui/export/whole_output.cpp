// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/export/whole_output.h"

#include <QSaveFile>

namespace decodescope {

Status writeWhole(const QByteArray& bytes, const QString& path) {
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        return Error{ErrorCode::OutputNotWritten,
                     "cannot be written: " + file.errorString().toStdString(), path.toStdString(),
                     ""};
    return Done{};
}

} // namespace decodescope
