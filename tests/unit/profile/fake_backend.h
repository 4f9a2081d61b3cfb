// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/engine/backend.h"
#include "core/plan/footprint.h"
#include "core/profile/pause_gate.h"
#include "core/spec/units.h"

namespace decodescope::test {

/// What the fake machine does, and what was asked of it. Read and written by the measuring thread
/// alone, but for the memory.
struct FakeMachine {
    // what it does
    /// Milliseconds of a step: of which decoder (KV heads), which step of the whole run.
    std::function<double(std::int64_t nKvHeads, int step)> stepMs = [](std::int64_t, int) {
        return 1.0;
    };
    /// Seconds of a step by what the decoder holds; in place of stepMs where it is set.
    std::function<double(const DecoderRequest& request)> law;
    /// A variation's time relative to stepMs; empty: it has none.
    std::function<double(StepVariation variation, std::int64_t nKvHeads)> varied;
    /// How it runs, told after so many steps; empty: it does not tell.
    std::function<DeviceConditions(int steps)> conditions;
    std::string peer; ///< other kernels that can be measured; empty: none
    std::function<double(int step)> peerStepMs = [](int) { return 2.0; };
    ErrorCode peerRefusal = ErrorCode::BadUsage;
    std::int64_t peerRefusesKvHeads = -1;
    double launches = 0;             ///< of each step
    double sleepSeconds = 0;         ///< really spent in each step
    double makeSleepSeconds = 0;     ///< really spent making a decoder
    int failAtStep = -1;             ///< this step fails
    int stopAtStep = -1;             ///< this step asks for the stop
    std::int64_t refuseKvHeads = -1; ///< decoders of this many KV heads find no memory
    ErrorCode refusal = ErrorCode::OutOfMemory;
    std::int64_t uncoveredKvHeads = -1; ///< no kernel runs this many
    int threads = 0;
    AttentionUnits units;
    std::uint64_t totalBytes = 16 * kGiB;
    std::uint64_t availableBytes = 8 * kGiB;
    std::optional<std::uint64_t> lastLevelCacheBytes;
    bool probes = true;   ///< false: no memory probe
    bool bf16Dot = false; ///< all FLOP are done by dot products of bf16
    Result<Ceilings> ceilings = Ceilings{1e10, 1e11, 2, true};
    std::stop_source* stop = nullptr;
    bool available = true;
    int refuseGrowth = -1;             ///< this growth finds no memory
    int stopAtGrowth = -1;             ///< this growth asks for the stop
    std::uint64_t othersTakeAPage = 0; ///< bytes that others take while a page is added
    std::uint64_t mostBeside = kTiB;   ///< more is not held beside a decoder's steps
    PauseGate* gate = nullptr;
    int pauseAtStep = -1; ///< this step asks for a pause

    // what was asked
    int steps = 0, variedSteps = 0, growths = 0;
    std::vector<std::int64_t> stepsOf; ///< KV heads of the decoder of each step
    std::vector<DecoderRequest> requests;
    std::vector<CalibrationRequest> calibrations;
    int alive = 0, mostAlive = 0; ///< decoders
    std::atomic<int> readings = 0;
};

class FakeDecoder : public Decoder {
public:
    FakeDecoder(FakeMachine& machine, DecoderRequest request, bool ofPeer = false)
        : m_machine(machine), m_request(std::move(request)), m_ofPeer(ofPeer) {
        m_machine.mostAlive = std::max(m_machine.mostAlive, ++m_machine.alive);
    }
    ~FakeDecoder() override { --m_machine.alive; }
    FakeDecoder(const FakeDecoder&) = delete;
    FakeDecoder& operator=(const FakeDecoder&) = delete;

    Result<StepTiming> step(std::stop_token stop) override {
        const int step = m_machine.steps++;
        m_machine.stepsOf.push_back(nKvHeads());
        if (step == m_machine.stopAtStep)
            m_machine.stop->request_stop();
        if (step == m_machine.pauseAtStep)
            m_machine.gate->pause();
        if (stop.stop_requested())
            return Error{ErrorCode::Interrupted, "stopped", "", ""};
        if (step == m_machine.failAtStep)
            return Error{ErrorCode::RunFailed, "the fake machine broke", "", ""};
        if (m_machine.sleepSeconds > 0)
            std::this_thread::sleep_for(std::chrono::duration<double>(m_machine.sleepSeconds));
        if (m_ofPeer)
            return StepTiming{m_machine.peerStepMs(step) / 1000, 0};
        const double seconds =
            m_machine.law ? m_machine.law(m_request) : m_machine.stepMs(nKvHeads(), step) / 1000;
        return StepTiming{seconds, m_machine.launches};
    }
    Result<StepTiming> variedStep(StepVariation variation, std::stop_token stop) override {
        if (!m_machine.varied)
            return Decoder::variedStep(variation, stop);
        ++m_machine.variedSteps;
        Result<StepTiming> timing = step(stop);
        if (timing)
            timing->seconds *= m_machine.varied(variation, nKvHeads());
        return timing;
    }

    Status grow(std::stop_token stop) override {
        const int growth = m_machine.growths++;
        if (growth == m_machine.stopAtGrowth)
            m_machine.stop->request_stop();
        if (stop.stop_requested())
            return Error{ErrorCode::Interrupted, "stopped", "", ""};
        if (growth == m_machine.refuseGrowth)
            return Error{ErrorCode::OutOfMemory, "refused", "", "", 1, 0};
        m_machine.availableBytes -= std::min(m_machine.availableBytes, m_machine.othersTakeAPage);
        m_request.context += m_request.pageTokens;
        return Done{};
    }
    Status holdBeside(const MemoryLedger& bytes, std::stop_token) override {
        if (bytes.totalBytes() > m_machine.mostBeside)
            return Error{ErrorCode::OutOfMemory, "refused", "", "", 1, 0};
        m_beside.kvBytes = std::max(m_beside.kvBytes, bytes.kvBytes);
        m_beside.workspaceBytes = std::max(m_beside.workspaceBytes, bytes.workspaceBytes);
        return Done{};
    }
    [[nodiscard]] MemoryLedger ledgerGrown() const override {
        return ledgerAt(m_request.context + m_request.pageTokens);
    }
    [[nodiscard]] MemoryLedger ledger() const override { return ledgerAt(m_request.context); }
    [[nodiscard]] std::int64_t layersMeasured() const override { return 1; }
    [[nodiscard]] StepWork work() const override {
        const std::uint64_t weights =
            m_request.scope == Scope::Step
                ? weightsBytesRead(m_request.model, m_request.weightsType, m_request.batch)
                : 0;
        const std::uint64_t flop = ledger().kvBytes * 4;
        return {ledger().kvBytes, weights, flop, 0, m_machine.bf16Dot ? flop : 0};
    }
    [[nodiscard]] bool cacheResident() const override { return false; }
    [[nodiscard]] int threads() const override { return 2; }

private:
    [[nodiscard]] MemoryLedger ledgerAt(std::int64_t context) const {
        return {m_request.residentWeightsBytes,
                kvBytes(m_request.model, m_request.kvTypes, context, m_request.batch) +
                    m_beside.kvBytes,
                10 + m_beside.workspaceBytes};
    }
    [[nodiscard]] std::int64_t nKvHeads() const {
        return m_request.model.attentionLayer()->nKvHeads;
    }

    FakeMachine& m_machine;
    DecoderRequest m_request;
    bool m_ofPeer;
    MemoryLedger m_beside;
};

class FakeBackend : public Backend {
public:
    explicit FakeBackend(FakeMachine& machine) : m_machine(machine) {}

    std::vector<DeviceInfo> devices() override {
        DeviceInfo device;
        device.id = "cpu";
        device.name = "Fake CPU";
        device.backend = "cpu";
        device.available = m_machine.available;
        device.reason = m_machine.available ? "" : "it is a fake";
        device.threads = m_machine.threads;
        device.lastLevelCacheBytes = m_machine.lastLevelCacheBytes;
        if (m_machine.probes)
            device.memoryTotalBytes = m_machine.totalBytes;
        return {device};
    }
    MemoryReading readMemory(const std::string&) override {
        ++m_machine.readings;
        if (!m_machine.probes)
            return {};
        return {m_machine.totalBytes, m_machine.availableBytes, std::uint64_t{1000}};
    }
    Result<Ceilings> measureCeilings(const std::string&, const CalibrationRequest& request,
                                     std::stop_token) override {
        m_machine.calibrations.push_back(request);
        return m_machine.ceilings;
    }
    Status covers(const std::string&, const DecoderRequest& request) override {
        if (request.model.attentionLayer()->nKvHeads == m_machine.uncoveredKvHeads)
            return Error{ErrorCode::BadUsage, "no kernel runs this", "", ""};
        return Done{};
    }
    AttentionUnits attentionUnits() const override { return m_machine.units; }
    DeviceConditions conditions(const std::string&) override {
        return m_machine.conditions ? m_machine.conditions(m_machine.steps) : DeviceConditions{};
    }
    Status findPeer(const std::string& deviceId, const std::string& peer) override {
        if (peer == m_machine.peer)
            return Done{};
        return Backend::findPeer(deviceId, peer);
    }
    Result<std::unique_ptr<Decoder>> makePeer(const std::string&, const std::string&,
                                              const DecoderRequest& request,
                                              std::stop_token) override {
        if (request.model.attentionLayer()->nKvHeads == m_machine.peerRefusesKvHeads)
            return Error{m_machine.peerRefusal, "the peer does not run this", "", ""};
        return std::unique_ptr<Decoder>(std::make_unique<FakeDecoder>(m_machine, request, true));
    }
    Result<std::unique_ptr<Decoder>> makeDecoder(const std::string&, const DecoderRequest& request,
                                                 std::stop_token) override {
        m_machine.requests.push_back(request);
        if (request.model.attentionLayer()->nKvHeads == m_machine.refuseKvHeads)
            return Error{m_machine.refusal, "refused", "", "", 1, 0};
        if (m_machine.makeSleepSeconds > 0)
            std::this_thread::sleep_for(std::chrono::duration<double>(m_machine.makeSleepSeconds));
        return std::unique_ptr<Decoder>(std::make_unique<FakeDecoder>(m_machine, request));
    }

private:
    FakeMachine& m_machine;
};

} // namespace decodescope::test
