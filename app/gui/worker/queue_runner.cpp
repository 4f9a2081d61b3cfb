// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/worker/queue_runner.h"

namespace decodescope {

QueueRunner::QueueRunner(RunQueue& queue, RunController& controller, QObject* parent)
    : QObject(parent), m_queue(queue), m_controller(controller) {
    connect(&controller, &RunController::ended, this, [this](const WorkerOutcome& outcome) {
        if (outcome.stopped && !m_queue.empty())
            m_queue.setHeld(true);
    });
    // Behind all that the end of a run, or a change of the queue, sets off.
    connect(&controller, &RunController::stateChanged, this, &QueueRunner::startNext,
            Qt::QueuedConnection);
    connect(&queue, &RunQueue::changed, this, &QueueRunner::startNext, Qt::QueuedConnection);
}

void QueueRunner::startNext() {
    if (m_queue.held() || m_controller.running() || !m_controller.problem().isEmpty())
        return;
    if (const std::optional<RunRequest> next = m_queue.takeNext())
        m_controller.start(*next);
}

} // namespace decodescope
