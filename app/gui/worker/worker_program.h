// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QProcess>
#include <QString>

namespace decodescope {

/// Where decodescope-cli is: `chosen` where given, else the environment's DECODESCOPE_CLI, else
/// beside this program. The path may not exist.
[[nodiscard]] QString workerPath(const QString& chosen = {});

/// Asks a worker program for its version, without waiting.
class WorkerCheck : public QObject {
    Q_OBJECT
public:
    explicit WorkerCheck(QObject* parent = nullptr);
    void start(const QString& path);

signals:
    /// Empty: it is there and of this version. Otherwise what is wrong and what to do.
    void checked(const QString& problem);

private:
    QProcess m_process;
};

} // namespace decodescope
