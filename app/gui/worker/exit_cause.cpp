// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/worker/exit_cause.h"

#include <csignal>

#include <QCoreApplication>

#include "core/spec/result.h"

namespace decodescope {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("ExitCause", text);
}

QString signalCause(int number) {
    switch (number) {
#ifdef SIGKILL
    case SIGKILL:
        return tr("The worker was killed (signal 9). Usually the system had run out of memory: "
                  "choose a shorter context or a smaller batch.");
#endif
    case SIGSEGV:
        return tr("The worker crashed: it touched memory that is not its own (signal 11).");
    case SIGILL:
        return tr("The worker crashed: this processor lacks an instruction it used (signal 4).");
    case SIGABRT:
        return tr("The worker gave up on an internal check (signal 6).");
    case SIGFPE:
        return tr("The worker crashed on an arithmetic error (signal 8).");
#ifdef SIGBUS
    case SIGBUS:
        return tr("The worker crashed: the system could not hand out memory (signal 7).");
#endif
    case SIGTERM:
        return tr("The worker was ended from outside (signal 15).");
    default:
        return tr("The worker was ended by signal %1.").arg(number);
    }
}

} // namespace

QString exitCause(bool crashed, int code) {
    if (crashed)
        return signalCause(code);
    if (code == 0)
        return tr("The worker ended without saying that the run was done.");
    struct Meaning {
        ErrorCode code;
        QString sentence;
    };
    const Meaning meanings[] = {
        {ErrorCode::RunFailed, tr("The run failed.")},
        {ErrorCode::BadUsage, tr("The worker did not accept what it was asked to do.")},
        {ErrorCode::FileUnreadable, tr("The worker could not read a file.")},
        {ErrorCode::OutputNotWritten, tr("The worker could not write its results.")},
        {ErrorCode::DeviceUnavailable, tr("The device is not available.")},
        {ErrorCode::OutOfMemory, tr("It does not fit in memory.")},
        {ErrorCode::Interrupted, tr("The worker was interrupted.")}};
    for (const Meaning& each : meanings)
        if (exitCode(each.code) == code)
            return each.sentence;
    return tr("The worker ended with exit code %1.").arg(code);
}

} // namespace decodescope
