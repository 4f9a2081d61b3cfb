// SPDX-License-Identifier: Apache-2.0
// The linear layers of a decode step beside the machine's own roofs, one JSON object a line.
// bench_cpu_step [WORD]: only the cases whose name contains WORD, as "step" or "q4_0".
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench_timing.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/projection_kernel.h"
#include "core/cpu/random_fill.h"
#include "core/cpu/roof_kernels.h"
#include "core/cpu/topology.h"
#include "core/cpu/weight_panels.h"
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

/// What was measured of one case, each repetition beside roofs of its own, so that a machine whose
/// pace changes changes all of it.
struct Case {
    std::string name;
    double bytes = 0, flop = 0;  ///< of one repetition
    std::optional<double> limit; ///< none: a figure to look at, nobody's target
    double toBatchOne = 0;       ///< seconds / those of batch 1; 0 where it is none
    std::vector<double> seconds, bandwidths, flops, fractions;
};

class Roofs {
public:
    explicit Roofs(int threads) : m_pool(threads), m_stream(kMatrixBytes) {}

    [[nodiscard]] bool ready() {
        return m_stream.valid() && fillRandom(m_pool, m_stream, DataType::F32, 1, 0, {});
    }
    [[nodiscard]] ThreadPool& pool() { return m_pool; }

    /// Repetitions of `work`, which does what `done` says, each after a read of as much memory.
    /// What comes before either wakes its threads, as a step wakes those of the next.
    template <typename Work>
    void measure(Case& done, const Work& work) {
        for (int i = 0; i <= kRepeats; ++i) {
            const double before = peak();
            const double bandwidth = this->bandwidth();
            work();
            const double taken = secondsOf(work);
            const double rate = (before + peak()) / 2;
            if (i == 0)
                continue; // warm-up
            done.seconds.push_back(taken);
            done.bandwidths.push_back(bandwidth);
            done.flops.push_back(rate);
            done.fractions.push_back(std::max(done.bytes / bandwidth, done.flop / rate) / taken);
        }
    }

private:
    double bandwidth() {
        const auto units = static_cast<std::int64_t>(kMatrixBytes / kMiB);
        return static_cast<double>(kMatrixBytes) / secondsOf([&] {
                   m_pool.run(units, {}, [&](std::int64_t unit, int) {
                       const std::byte* at =
                           m_stream.data() + static_cast<std::uint64_t>(unit) * kMiB;
                       m_sink = readStream(reinterpret_cast<const float*>(at),
                                           static_cast<std::int64_t>(kMiB / sizeof(float)));
                   });
               });
    }
    double peak() {
        constexpr std::int64_t kRounds = 20'000;
        std::atomic<double> done{0};
        const double seconds = secondsOf([&] {
            m_pool.run(8 * m_pool.threads(), {}, [&](std::int64_t, int) {
                float sink = 0;
                done.fetch_add(f32Loop()(kRounds, 1.0F, sink));
                m_sink = sink;
            });
        });
        return done.load() / seconds;
    }

    ThreadPool m_pool;
    Buffer m_stream;
    std::atomic<float> m_sink{0};
};

void print(const Case& done, int threads) {
    const double value = median(done.fractions);
    const std::string ratio =
        done.toBatchOne > 0 ? fmt::format(R"(, "times_batch_1": {:.2f})", done.toBatchOne) : "";
    const std::string limit = done.limit ? fmt::format("{:.2f}", *done.limit) : "null";
    const char* pass = "null";
    if (done.limit)
        pass = value >= *done.limit ? "true" : "false";
    const double seconds = median(done.seconds);
    fmt::print(R"({{"case": "{}", "threads": {}, "value": {:.3f}, "limit": {}, )"
               R"("unit": "floor fraction", "best": {:.3f}, "median_ms": {:.3f}, )"
               R"("gb_per_s": {:.2f}, "roof_gb_per_s": {:.2f}, "roof_gflop_per_s": {:.1f}{}, )"
               R"("pass": {}}})"
               "\n",
               done.name, threads, value, limit,
               *std::max_element(done.fractions.begin(), done.fractions.end()), seconds * 1e3,
               done.bytes / seconds * 1e-9, median(done.bandwidths) * 1e-9,
               median(done.flops) * 1e-9, ratio, pass);
    std::fflush(stdout);
}

double linearLimit(int threads) {
    return threads == 1 ? 0.90 : 0.88;
}

void projections(Roofs& roofs, DataType type) {
    ThreadPool& pool = roofs.pool();
    const std::uint64_t rowBytes = storedBytes(type, kColumns);
    const auto rows = static_cast<std::int64_t>(kMatrixBytes / rowBytes) / kPanelRows * kPanelRows;
    Buffer weights(panelBytes(type, rows, kColumns));
    if (!weights.valid() ||
        !fillRandomPanels(pool, {weights.data(), weights.bytes()}, type, 1, -6, {}))
        return;
    double atBatchOne = 0;
    for (const std::int64_t batch : {1, 2, 4, 8, 16}) {
        Buffer in(static_cast<std::uint64_t>(batch * kColumns) * sizeof(float));
        Buffer out(static_cast<std::uint64_t>(batch * rows) * sizeof(float));
        Buffer scratch(projectionScratchBytes(type, kColumns, batch));
        if (!in.valid() || !out.valid() || !fillRandom(pool, in, DataType::F32, 2, 0, {}))
            return;
        const Projection projection{type,           weights.data(),  rows,  kColumns,      batch,
                                    in.as<float>(), out.as<float>(), false, scratch.data()};
        Case done;
        done.name = fmt::format("projection {} batch {}", name(type), batch);
        done.bytes = static_cast<double>(weights.bytes());
        done.flop = 2.0 * static_cast<double>(batch * rows * kColumns);
        roofs.measure(done, [&] { static_cast<void>(project(pool, projection, {})); });
        if (batch == 1) {
            done.limit = linearLimit(pool.threads());
            atBatchOne = median(done.seconds);
        } else {
            done.toBatchOne = median(done.seconds) / atBatchOne;
        }
        print(done, pool.threads());
    }
}

/// Layers of the shape of Llama 3 8B, few tokens in the cache.
void step(Roofs& roofs, Backend& backend, DataType type) {
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
    request.threads = roofs.pool().threads();
    request.budgetBytes = 4 * kGiB;
    auto decoder = backend.makeDecoder("cpu", request, {});
    if (!decoder)
        return;
    Case done;
    const StepWork work = decoder.value()->work();
    done.name = fmt::format("step {}", name(type));
    done.bytes = static_cast<double>(work.weightBytesRead + work.kvBytesRead);
    done.flop = static_cast<double>(work.linearFlop + work.attentionFlop);
    done.limit = linearLimit(request.threads);
    roofs.measure(done, [&] { static_cast<void>(decoder.value()->step({})); });
    print(done, request.threads);
}

} // namespace

int main(int argc, char** argv) {
    const std::string word = argc > 1 ? argv[1] : "";
    const auto backend = makeCpuBackend();
    std::vector<int> threadCounts{1};
    if (cpuTopology().threads > 1)
        threadCounts.push_back(cpuTopology().threads);
    for (const int threads : threadCounts) {
        Roofs roofs(threads);
        if (!roofs.ready()) {
            fmt::print(stderr, "not enough memory\n");
            return 1;
        }
        for (const DataType type : kTypes)
            for (const bool wholeStep : {false, true}) {
                const std::string what =
                    fmt::format("{} {}", wholeStep ? "step" : "projection", name(type));
                if (what.find(word) == std::string::npos)
                    continue;
                if (wholeStep)
                    step(roofs, *backend, type);
                else
                    projections(roofs, type);
            }
    }
    return 0;
}
