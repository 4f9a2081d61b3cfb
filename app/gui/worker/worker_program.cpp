// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/worker/worker_program.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QTimer>

#include "core/spec/version.h"

namespace decodescope {
namespace {

constexpr int kAnswerMs = 10000;
constexpr int kShown = 60; // characters of an answer

} // namespace

QString workerPath(const QString& chosen) {
    if (!chosen.isEmpty())
        return chosen;
    if (QString path = qEnvironmentVariable("DECODESCOPE_CLI"); !path.isEmpty())
        return path;
#ifdef Q_OS_WIN
    const QString name = QStringLiteral("decodescope-cli.exe");
#else
    const QString name = QStringLiteral("decodescope-cli");
#endif
    return QCoreApplication::applicationDirPath() + QLatin1Char('/') + name;
}

WorkerCheck::WorkerCheck(QObject* parent) : QObject(parent) {
    connect(&m_process, &QProcess::finished, this, [this] {
        const QString answer = QString::fromUtf8(m_process.readAllStandardOutput()).trimmed();
        // "decodescope-cli 0.1.0", then a line for each device.
        const QString firstLine = answer.section(QLatin1Char('\n'), 0, 0).trimmed();
        const QString version = firstLine.section(QLatin1Char(' '), -1);
        const QString own = QString::fromUtf8(toolVersion().data());
        if (version == own)
            emit checked({});
        else
            emit checked(tr("%1 is of another version (it says “%2”, this window is %3). Install "
                            "both from the same build.")
                             .arg(m_process.program(), firstLine.left(kShown), own));
    });
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            emit checked(
                tr("%1 cannot be started: %2.").arg(m_process.program(), m_process.errorString()));
    });
}

void WorkerCheck::start(const QString& path) {
    if (!QFileInfo::exists(path)) {
        emit checked(tr("%1 is missing, so nothing can be measured; plans and recordings work. "
                        "Install decodescope-cli beside this program, or name it in "
                        "DECODESCOPE_CLI.")
                         .arg(path));
        return;
    }
    m_process.start(path, {QStringLiteral("--version")});
    QTimer::singleShot(kAnswerMs, &m_process, &QProcess::kill);
}

} // namespace decodescope
