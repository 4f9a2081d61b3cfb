// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/run_store.h"

#include <algorithm>
#include <utility>

namespace decodescope {

bool Run::quickLook() const {
    return !recording.runs.empty() && recording.runs.back().quickLook;
}

std::vector<Sample> RunStore::samples() const {
    std::vector<Sample> all;
    for (const Run& run : m_runs)
        all.insert(all.end(), run.recording.samples.begin(), run.recording.samples.end());
    return all;
}

const Run* RunStore::unfinished() const {
    const auto found = std::find_if(m_runs.rbegin(), m_runs.rend(), [](const Run& run) {
        return !run.recording.runs.empty() && !run.quickLook();
    });
    if (found == m_runs.rend() ||
        (found->state != RunState::Partial && found->state != RunState::Failed))
        return nullptr;
    return &*found;
}

Recording RunStore::joined() const {
    Recording all;
    all.complete = !m_runs.empty();
    const auto append = [](auto& to, const auto& from) {
        to.insert(to.end(), from.begin(), from.end());
    };
    for (const Run& run : m_runs) {
        append(all.runs, run.recording.runs);
        append(all.calibrations, run.recording.calibrations);
        append(all.samples, run.recording.samples);
        append(all.memory, run.recording.memory);
        append(all.skipped, run.recording.skipped);
        append(all.progress, run.recording.progress);
        if (run.recording.failed)
            all.failed = run.recording.failed;
        all.complete = all.complete && run.recording.complete;
    }
    return all;
}

void RunStore::begin(const QString& autosave) {
    m_runs.push_back({});
    m_runs.back().file = autosave;
    m_current = m_runs.size() - 1;
    emit changed();
}

void RunStore::goOn() {
    m_current = static_cast<std::size_t>(unfinished() - m_runs.data());
    m_runs[m_current].state = RunState::Running;
    m_runs[m_current].cause.clear();
    emit changed();
}

void RunStore::add(const std::vector<Event>& events) {
    if (m_runs.empty())
        return;
    Recording& recording = m_runs[m_current].recording;
    const std::size_t before = recording.samples.size();
    for (const Event& event : events)
        recording.add(event);
    if (recording.samples.size() != before)
        emit samplesChanged();
}

void RunStore::finish(RunState state, const QString& cause) {
    if (m_runs.empty())
        return;
    m_runs[m_current].state = state;
    m_runs[m_current].cause = cause;
    emit changed();
}

void RunStore::append(Recording recording, const QString& file, bool saved) {
    Run run;
    run.state = recording.failed     ? RunState::Failed
                : recording.complete ? RunState::Complete
                                     : RunState::Partial;
    if (recording.failed)
        run.cause = QString::fromStdString(recording.failed->error.sentence());
    run.recording = std::move(recording);
    run.file = file;
    run.saved = saved;
    m_runs.push_back(std::move(run));
    m_current = m_runs.size() - 1;
    emit changed();
    emit samplesChanged();
}

void RunStore::open(Recording recording, const QString& file) {
    m_runs.clear();
    append(std::move(recording), file, true);
}

void RunStore::markSaved(const QString& file) {
    for (Run& run : m_runs) {
        run.saved = true;
        run.file = file;
    }
    emit changed();
}

void RunStore::clear() {
    m_runs.clear();
    m_current = 0;
    emit changed();
    emit samplesChanged();
}

} // namespace decodescope
