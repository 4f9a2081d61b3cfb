// SPDX-License-Identifier: GPL-3.0-or-later
// Speaks the worker's protocol as the environment's FAKE_WORKER says: "ok", "crash", "garbage",
// "hang", "version", or "points": one Sample for each point that is asked for, in the order of
// their contexts, or no more than the environment's FAKE_POINTS.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include <unistd.h>

#include "core/profile/profiler.h"
#include "core/profile/schedule.h"
#include "core/spec/version.h"

using namespace decodescope;

namespace {

void say(const Event& event) {
    std::cout << toLine(event) << std::endl;
}

/// Another one for each run, as a worker's is.
std::string runId() {
    return "fake-" + std::to_string(getpid());
}

Sample sample(std::int64_t context) {
    Sample made;
    made.runId = runId();
    made.variant = "GQA-8";
    made.attention = "gqa";
    made.layers = made.nHeads = 32;
    made.layersMeasured = 32;
    made.nKvHeads = 8;
    made.headDim = 128;
    made.context = context;
    made.repetitionsMs = {10, 11, 10};
    made.tpotP50Ms = 10;
    made.tpotP99Ms = 11;
    made.tpotCi95Ms = 1;
    made.tokensPerSecond = 100;
    made.kvBytes = 131072 * static_cast<std::uint64_t>(context);
    made.device = "Fake CPU";
    return made;
}

int devices() {
    DeviceInfo device;
    device.id = "cpu";
    device.name = "Fake CPU";
    device.backend = "cpu";
    device.available = true;
    device.memoryTotalBytes = std::uint64_t{16} << 30;
    say(DeviceFound{device});
    MemoryEvent memory;
    memory.reading.totalBytes = device.memoryTotalBytes;
    memory.reading.availableBytes = std::uint64_t{8} << 30;
    say(memory);
    for (std::string line; std::getline(std::cin, line) && line != "stop";) {
    }
    return 0;
}

Progress progress(const char* phase) {
    Progress made;
    made.phase = phase;
    made.pointsTotal = 4;
    made.secondsLeft = 150;
    return made;
}

/// Waits for the end of the input or a stop, and says that it waits where it is paused.
void obey() {
    for (std::string line; std::getline(std::cin, line) && line != "stop";)
        if (line == "pause" || line == "resume")
            say(progress(line == "pause" ? kPausedPhase : "measure"));
}

int measurePoints(const std::string& text) {
    const Result<RunRequest> request = parseRunRequest(text);
    if (!request)
        return exitCode(request.error().code);
    RunStarted start;
    start.runId = "fake";
    start.toolVersion = toolVersion();
    start.device.id = request->deviceId;
    start.device.name = "Fake CPU";
    start.model = request->model;
    start.workload = request->workload;
    for (const Variant& variant : request->variants)
        start.variants.push_back(variant.label);
    say(start);
    const char* most = std::getenv("FAKE_POINTS");
    const std::size_t missing = countMissing(*request);
    std::size_t left = most ? std::strtoull(most, nullptr, 10) : missing;
    RunDone done;
    done.partial = left < missing;
    for (const PointGroup& group : schedule(request->workload, request->variants.size()))
        for (const std::size_t index : group.variants) {
            const Variant& variant = request->variants[index];
            if (left == 0 || isDone(*request, variant.label, group.context, group.batch))
                continue;
            Sample point = sample(group.context);
            point.variant = variant.label;
            point.attention = variant.attention;
            point.layers = variant.model.layerCount();
            point.nHeads = variant.model.attentionLayer()->nHeads;
            point.nKvHeads = variant.model.attentionLayer()->nKvHeads;
            point.kvTypes = request->workload.kvTypes;
            point.weightsType = request->workload.weightsType;
            point.batch = group.batch;
            point.scope = request->workload.scope;
            point.stopping.reason = "target_error";
            say(point);
            ++done.samples;
            --left;
        }
    say(done);
    return 0;
}

int run(const std::string& mode) {
    std::string request;
    std::getline(std::cin, request);
    if (mode == "points")
        return measurePoints(request);
    RunStarted start;
    start.runId = runId();
    start.toolVersion = toolVersion();
    start.model = modelByHand({});
    say(start);
    if (mode == "garbage")
        std::cout << "this is { no record\n\x01\xff\n" << std::endl;
    say(sample(8192));
    if (mode == "crash")
        std::raise(SIGKILL);
    if (mode == "hang")
        obey();
    say(sample(16384));
    RunDone done;
    done.samples = 2;
    done.partial = mode == "hang";
    say(done);
    return mode == "hang" ? 130 : 0;
}

} // namespace

int main(int argc, char** argv) {
    const char* mode = std::getenv("FAKE_WORKER");
    const std::string chosen = mode ? mode : "ok";
    const std::string command = argc > 1 ? argv[1] : "";
    if (command == "--version") {
        std::cout << "decodescope-cli " << (chosen == "version" ? "9.9.9" : toolVersion()) << '\n';
        return 0;
    }
    return command == "devices" ? devices() : run(chosen);
}
