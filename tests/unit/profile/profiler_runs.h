// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

#include <string>
#include <vector>

#include "core/profile/profiler.h"
#include "core/profile/recording.h"
#include "fake_backend.h"

namespace decodescope::test {

/// All events of a run, and how it ended.
struct Outcome {
    std::vector<Event> events;
    Recording recording;
    Status status = Done{};

    [[nodiscard]] std::string_view lastKind() const { return kind(events.back()); }
};

inline Outcome run(FakeMachine& machine, const RunRequest& request, std::stop_token stop = {},
                   const std::optional<Ceilings>& stored = {}, PauseGate* gate = nullptr) {
    FakeBackend backend(machine);
    Outcome outcome;
    bool inside = false; // unguarded: a thread sanitizer sees a sink that is called by two at once
    outcome.status = profile(
        backend, request,
        [&](const Event& event) {
            if (inside)
                qFatal("two events at once");
            inside = true;
            outcome.events.push_back(event);
            outcome.recording.add(event);
            inside = false;
        },
        std::move(stop), stored, gate);
    return outcome;
}

/// MHA (8 KV heads), GQA-2 and MQA of a small model.
inline RunRequest smallRun() {
    RunRequest request;
    request.model = modelByHand({2, 8, 2, 64, 0, 0, 0, 0});
    request.workload.contexts = {64, 256};
    request.workload.maxSeconds = 5;
    return request;
}

inline std::vector<std::string> sampleNames(const Recording& recording) {
    std::vector<std::string> names;
    for (const Sample& sample : recording.samples)
        names.push_back(sample.variant + "@" + std::to_string(sample.context) + "x" +
                        std::to_string(sample.batch));
    return names;
}

} // namespace decodescope::test
