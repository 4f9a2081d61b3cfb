// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QFile>
#include <QTemporaryDir>

#include <filesystem>
#include <string>

#include "core/import/model_file.h"

namespace decodescope {

/// A folder of its own for the files a test writes.
class Files {
public:
    std::filesystem::path write(const QString& name, const QByteArray& bytes) {
        const QString path = m_folder.filePath(name);
        QFile::remove(path); // ext4 would wait for the disk when a file is written over
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
            qFatal("%s cannot be written", qPrintable(path));
        return path.toStdString();
    }
    /// Makes the file `bytes` long; what is added takes no room on the disk.
    std::filesystem::path writeSparse(const QString& name, const QByteArray& head, qint64 bytes) {
        std::filesystem::path path = write(name, head);
        std::filesystem::resize_file(path, static_cast<std::uintmax_t>(bytes));
        return path;
    }
    [[nodiscard]] std::filesystem::path folder() const { return m_folder.path().toStdString(); }

private:
    QTemporaryDir m_folder;
};

/// What reading a file said: the error's sentence, or "ok".
inline QString saidOf(const Result<ModelSpec>& result) {
    return result.ok() ? QStringLiteral("ok") : QString::fromStdString(result.error().sentence());
}

} // namespace decodescope
