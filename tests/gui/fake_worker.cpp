// SPDX-License-Identifier: GPL-3.0-or-later
// Speaks the worker's protocol as the environment's FAKE_WORKER says: "ok", "crash", "garbage",
// "hang" or "version".
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "core/profile/event.h"
#include "core/spec/version.h"

using namespace decodescope;

namespace {

void say(const Event& event) {
    std::cout << toLine(event) << std::endl;
}

Sample sample(std::int64_t context) {
    Sample made;
    made.runId = "fake";
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

int run(const std::string& mode) {
    std::string request;
    std::getline(std::cin, request);
    RunStarted start;
    start.runId = "fake";
    start.toolVersion = toolVersion();
    start.model = modelByHand({});
    say(start);
    if (mode == "garbage")
        std::cout << "this is { no record\n\x01\xff\n" << std::endl;
    say(sample(8192));
    if (mode == "crash")
        std::raise(SIGKILL);
    if (mode == "hang")
        for (std::string line; std::getline(std::cin, line) && line != "stop";) {
        }
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
