// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/worker/monitor.h"

namespace decodescope {

Monitor::Monitor(QObject* parent) : QObject(parent) {
    connect(&m_worker, &WorkerProcess::events, this, [this](const std::vector<Event>& events) {
        for (const Event& event : events) {
            if (const auto* found = std::get_if<DeviceFound>(&event))
                emit deviceFound(found->device);
            else if (const auto* reading = std::get_if<MemoryEvent>(&event))
                emit memory(*reading);
        }
    });
    connect(&m_worker, &WorkerProcess::logLine, this, &Monitor::logLine);
    connect(&m_worker, &WorkerProcess::finished, this, [this](const WorkerOutcome& outcome) {
        const bool asked = std::exchange(m_pausing, false);
        if (std::exchange(m_restart, false))
            start(m_program);
        else if (!asked)
            emit failed(outcome.cause);
    });
}

void Monitor::start(const QString& program) {
    m_program = program;
    if (m_worker.running()) {
        m_restart = m_pausing;
        return;
    }
    WorkerCommand command;
    command.program = program;
    command.arguments = {QStringLiteral("devices"), QStringLiteral("--stream")};
    m_worker.start(command);
}

void Monitor::pause() {
    m_restart = false;
    if (!m_worker.running())
        return;
    m_pausing = true;
    m_worker.stop();
}

} // namespace decodescope
