// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include "app/gui/models/run_queue.h"
#include "app/gui/worker/run_controller.h"

namespace decodescope {

/// Starts the runs of a queue one after the other, the first as soon as it is added where nothing
/// runs and the queue is not held. A run that fails is followed by the next; one
/// that the user stops holds the queue, which would otherwise not be stopped at all.
class QueueRunner : public QObject {
    Q_OBJECT
public:
    QueueRunner(RunQueue& queue, RunController& controller, QObject* parent = nullptr);

private:
    void startNext();

    RunQueue& m_queue;
    RunController& m_controller;
};

} // namespace decodescope
