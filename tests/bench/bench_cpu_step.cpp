// SPDX-License-Identifier: Apache-2.0
// The linear layers of a decode step beside the machine's own roofs, one JSON object a line.
// bench_cpu_step [WORD]: only the cases whose name contains WORD, as "step" or "q4_0".
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench_timing.h"
#include "core/cpu/ceilings.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/projection_kernel.h"
#include "core/cpu/random_fill.h"
#include "core/cpu/topology.h"
#include "core/spec/model_spec.h"
#include "core/spec/units.h"

using namespace decodescope;
using bench::median;
using bench::secondsOf;

namespace {

constexpr DataType kTypes[] = {DataType::F32, DataType::F16, DataType::BF16, DataType::Q8_0,
                               DataType::Q4_0};
constexpr int kRepeats = 21;
constexpr std::int64_t kColumns = 4096;
constexpr std::uint64_t kMatrixBytes = 256 * kMiB;

/// The roofs of so many threads; the best ever measured counts.
struct Roofs {
    double bandwidth = 0, flop = 0;

    void measure(ThreadPool& pool) {
        if (const auto ceilings = measureCpuCeilings({pool.threads(), kMatrixBytes, 0.6}, {})) {
            bandwidth = std::max(bandwidth, ceilings->bandwidthBytesPerSecond);
            flop = std::max(flop, ceilings->flopPerSecond);
        }
    }
};

/// What is measured once the roofs are known from before and after.
struct Case {
    std::string name;
    double bytes = 0, flop = 0;
    double seconds = 0;          ///< median
    std::optional<double> limit; ///< none: a figure to look at, nobody's target
    double toBatchOne = 0;       ///< seconds / those of batch 1; 0 where it is none
};

void print(const Case& done, const Roofs& roofs, int threads) {
    const double floor = std::max(done.bytes / roofs.bandwidth, done.flop / roofs.flop);
    const double value = floor / done.seconds;
    const std::string ratio =
        done.toBatchOne > 0 ? fmt::format(R"(, "times_batch_1": {:.2f})", done.toBatchOne) : "";
    const std::string limit = done.limit ? fmt::format("{:.2f}", *done.limit) : "null";
    const char* pass = "null";
    if (done.limit)
        pass = value >= *done.limit ? "true" : "false";
    fmt::print(R"({{"case": "{}", "threads": {}, "value": {:.3f}, "limit": {}, )"
               R"("unit": "floor fraction", "median_ms": {:.3f}, "gb_per_s": {:.2f}, )"
               R"("roof_gb_per_s": {:.2f}, "roof_gflop_per_s": {:.1f}{}, "pass": {}}})"
               "\n",
               done.name, threads, value, limit, done.seconds * 1e3,
               done.bytes / done.seconds * 1e-9, roofs.bandwidth * 1e-9, roofs.flop * 1e-9, ratio,
               pass);
    std::fflush(stdout);
}

double linearLimit(int threads) {
    return threads == 1 ? 0.90 : 0.88;
}

std::vector<Case> projections(ThreadPool& pool, DataType type) {
    std::vector<Case> cases;
    const std::uint64_t rowBytes = storedBytes(type, kColumns);
    const auto rows = static_cast<std::int64_t>(kMatrixBytes / rowBytes);
    Buffer weights(static_cast<std::uint64_t>(rows) * rowBytes);
    if (!weights.valid() || !fillRandom(pool, weights, type, 1, -6, {}))
        return cases;
    for (const std::int64_t batch : {1, 2, 4, 8, 16}) {
        Buffer in(static_cast<std::uint64_t>(batch * kColumns) * sizeof(float));
        Buffer out(static_cast<std::uint64_t>(batch * rows) * sizeof(float));
        Buffer scratch(projectionScratchBytes(type, kColumns, batch));
        if (!in.valid() || !out.valid() || !fillRandom(pool, in, DataType::F32, 2, 0, {}))
            return cases;
        const Projection projection{type,           weights.data(),  rows,  kColumns,      batch,
                                    in.as<float>(), out.as<float>(), false, scratch.data()};
        std::vector<double> seconds(kRepeats);
        for (double& each : seconds)
            each = secondsOf([&] { static_cast<void>(project(pool, projection, {})); });
        Case done;
        done.name = fmt::format("projection {} batch {}", name(type), batch);
        done.bytes = static_cast<double>(weights.bytes());
        done.flop = 2.0 * static_cast<double>(batch * rows * kColumns);
        done.seconds = median(seconds);
        if (batch == 1)
            done.limit = linearLimit(pool.threads());
        if (!cases.empty())
            done.toBatchOne = done.seconds / cases.front().seconds;
        cases.push_back(done);
    }
    return cases;
}

/// Layers of the shape of Llama 3 8B, few tokens in the cache.
std::vector<Case> steps(Backend& backend, DataType type, int threads) {
    DecoderRequest request;
    request.model = modelByHand({.layers = 3,
                                 .nHeads = 32,
                                 .nKvHeads = 8,
                                 .headDim = 128,
                                 .hiddenSize = 4096,
                                 .ffnHidden = 14336,
                                 .vocabSize = 32000});
    request.scope = Scope::Step;
    request.weightsType = type;
    request.context = 64;
    request.threads = threads;
    request.budgetBytes = 4 * kGiB;
    auto decoder = backend.makeDecoder("cpu", request, {});
    if (!decoder)
        return {};
    std::vector<double> seconds;
    for (int i = 0; i < kRepeats; ++i)
        if (const auto timing = decoder.value()->step({}))
            seconds.push_back(timing->seconds);
    Case done;
    const StepWork work = decoder.value()->work();
    done.name = fmt::format("step {}", name(type));
    done.bytes = static_cast<double>(work.weightBytesRead + work.kvBytesRead);
    done.flop = static_cast<double>(work.linearFlop + work.attentionFlop);
    done.seconds = median(seconds);
    done.limit = linearLimit(threads);
    return {done};
}

} // namespace

int main(int argc, char** argv) {
    const std::string word = argc > 1 ? argv[1] : "";
    const auto backend = makeCpuBackend();
    std::vector<int> threadCounts{1};
    if (cpuTopology().threads > 1)
        threadCounts.push_back(cpuTopology().threads);
    for (const int threads : threadCounts) {
        ThreadPool pool(threads);
        for (const DataType type : kTypes)
            for (const bool wholeStep : {false, true}) {
                const std::string what =
                    fmt::format("{} {}", wholeStep ? "step" : "projection", name(type));
                if (what.find(word) == std::string::npos)
                    continue;
                Roofs roofs;
                roofs.measure(pool);
                const std::vector<Case> cases =
                    wholeStep ? steps(*backend, type, threads) : projections(pool, type);
                roofs.measure(pool);
                for (const Case& done : cases)
                    print(done, roofs, threads);
            }
    }
    return 0;
}
