// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QJsonDocument>
#include <QProcess>
#include <QStringList>
#include <QTemporaryDir>

namespace decodescope {

/// How a finished decodescope-cli ended, and what it wrote.
struct Ended {
    int exitCode = -1;
    QByteArray out;
    QByteArray err;

    [[nodiscard]] QJsonDocument json() const { return QJsonDocument::fromJson(out); }
    [[nodiscard]] QList<QByteArray> lines() const {
        QList<QByteArray> all = out.split('\n');
        all.removeAll(QByteArray());
        return all;
    }
};

/// Prepares decodescope-cli with a calibration store of its own.
class Program {
public:
    Program() {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("XDG_CACHE_HOME", m_cache.path());
        process.setProcessEnvironment(environment);
        process.setProgram(QStringLiteral(PROGRAMS_DIR "/decodescope-cli"));
    }

    void set(const QString& variable, const QString& value) {
        QProcessEnvironment environment = process.processEnvironment();
        environment.insert(variable, value);
        process.setProcessEnvironment(environment);
    }
    /// Starts; the input stays open.
    bool start(const QStringList& arguments) {
        process.setArguments(arguments);
        process.start();
        return process.waitForStarted();
    }
    /// Waits for the end; an exit code of -1 is a crash, a kill or a hang.
    Ended wait(int milliseconds = 60000) {
        Ended ended;
        if (process.waitForFinished(milliseconds) && process.exitStatus() == QProcess::NormalExit)
            ended.exitCode = process.exitCode();
        ended.out = process.readAllStandardOutput();
        ended.err = process.readAllStandardError();
        return ended;
    }
    Ended run(const QStringList& arguments) {
        start(arguments);
        process.closeWriteChannel();
        return wait();
    }

    QProcess process;

private:
    QTemporaryDir m_cache;
};

inline Ended runProgram(const QStringList& arguments) {
    return Program().run(arguments);
}

} // namespace decodescope
