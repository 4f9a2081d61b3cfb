// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QObject>

#include "app/gui/worker/worker_process.h"

namespace decodescope {

/// Watches the machine while nothing runs: which devices there are, and the memory in use.
class Monitor : public QObject {
    Q_OBJECT
public:
    explicit Monitor(QObject* parent = nullptr);

    void start(const QString& program); ///< also after a pause
    void pause();                       ///< a run's own stream says the same
    [[nodiscard]] bool running() const { return m_worker.running(); }

signals:
    void deviceFound(const decodescope::DeviceInfo& device);
    void memory(const decodescope::MemoryEvent& event);
    void logLine(const QString& line);
    void failed(const QString& cause);

private:
    WorkerProcess m_worker;
    QString m_program;
    bool m_pausing = false;
    bool m_restart = false;
};

} // namespace decodescope
