// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/profile/event.h"

namespace decodescope::test {

/// A Sample whose every field differs from its default.
inline Sample exampleSample() {
    Sample s;
    s.runId = "20260102-030405-deadbeef";
    s.variant = "GQA-8 (cudnn)";
    s.peer = "cudnn";
    s.attention = "gqa";
    s.whatIf = true;
    s.model = "Llama 3.1 8B";
    s.layers = 32;
    s.nHeads = 32;
    s.nKvHeads = 8;
    s.headDim = 128;
    s.kvTypes = {DataType::BF16, DataType::Q8_0};
    s.weightsType = DataType::Q4_K;
    s.scope = Scope::Step;
    s.backend = "cpu";
    s.device = "Some CPU";
    s.threads = 6;
    s.batch = 4;
    s.context = 8192;
    s.repetitionsMs = {1.25, 1.5, 1.125};
    s.tpotP50Ms = 1.25;
    s.tpotP90Ms = 1.45;
    s.tpotP99Ms = 1.495;
    s.tpotCi95Ms = 0.1;
    s.tokensPerSecond = 3200;
    s.kvBytes = std::uint64_t{1} << 63; // above what a double or a signed integer holds
    s.weightsBytes = 4'000'000'001;
    s.workspaceBytes = 77;
    s.modelKvBytes = (std::uint64_t{1} << 63) + 1;
    s.memoryUsedBytes = 123;
    s.memoryTotalBytes = 456;
    s.bytesRead = 1'000'000'007;
    s.flop = 2'000'000'011;
    s.bf16DotFlop = 1'500'000'007;
    s.int8DotFlop = 400'000'003;
    s.achievedBytesPerSecond = 8.5e9;
    s.achievedFlopPerSecond = 1.7e10;
    s.ceilingBytesPerSecond = 1e10;
    s.ceilingFlopPerSecond = 2e11;
    s.floorMs = 0.8;
    s.floorFraction = 0.64;
    s.bound = "memory";
    s.boundBy = BottleneckEvidence{0.85, 0.085, 0.01, 0.9, 0.1};
    s.predictedTpotMs = 1.1;
    s.cacheResident = true;
    s.layersMeasured = 3;
    s.conditions = PointConditions{ReadingRange{1980, 1410, 1995},
                                   ReadingRange{2619, 2610, 2625},
                                   612.5,
                                   66.0,
                                   {"power cap", "temperature"},
                                   0.75};
    s.quickLook = true;
    s.stopping = {{0.01, 3, 6, 500, 2}, "target_error", 0.008};
    s.startedAt = "2026-01-02T03:04:05Z";
    s.atMs = 1234.5;
    s.toolVersion = "9.8.7";
    return s;
}

inline RunStarted exampleRun() {
    RunStarted run;
    run.runId = "20260102-030405-deadbeef";
    run.toolVersion = "9.8.7";
    run.startedAt = "2026-01-02T03:04:05Z";
    run.device.id = "cpu";
    run.device.name = "Some CPU";
    run.device.backend = "cpu";
    run.device.available = true;
    run.device.memoryTotalBytes = 16'000'000'000;
    run.device.threads = 8;
    run.device.simd = "AVX2";
    run.model = modelByHand({4, 8, 2, 64, 0, 512, 1024, 1000});
    run.workload.contexts = {7, 4096};
    run.deployment = {*parseEngine("vllm"), 4, 2, true};
    run.workload.batches = {1, 3};
    run.workload.scope = Scope::Step;
    run.workload.kvTypes = {DataType::F32, DataType::F16};
    run.workload.weightsType = DataType::BF16;
    run.workload.reserveFraction = 0.2;
    run.workload.maxSeconds = 12.5;
    run.workload.targetError = 0.01;
    run.workload.seed = ~std::uint64_t{0};
    run.workload.threads = 5;
    run.variants = {"MHA", "GQA-2", "MQA"};
    run.quickLook = true;
    return run;
}

inline Error exampleError() {
    return {ErrorCode::OutOfMemory, "needs 18.2 GiB", "MHA", "Choose less.", 18, 7};
}

inline Progress exampleProgress() {
    return {12.5, "measure", "MQA", 4096, 2, 3, 18, 0.25, 7.5, {0.5, 0.25}};
}

inline MemoryEvent exampleMemory() {
    return {100, {1, 2, 3}, {std::uint64_t{1000}, std::nullopt, std::uint64_t{30}}};
}

} // namespace decodescope::test
