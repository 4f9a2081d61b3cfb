// SPDX-License-Identifier: Apache-2.0
// Predicted against measured steps: draws models at random, predicts each from the calibration that
// decodescope-cli calibrate stored, and measures it.
// bench_predict [SEED [COUNT [DEVICE]]] (default 1 60 cpu). Exit code 5 without the device.
// One JSON object for the calibration, one for each model, and last the summaries: also of how well
// one visit to a model tells another, which is as well as anything here can be told.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bench_timing.h"
#include "core/cpu/cpu_backend.h"
#include "core/engine/elapsed.h"
#include "core/plan/plan.h"
#include "core/profile/calibration.h"
#include "core/profile/measured_device.h"
#include "core/profile/point_run.h"
#include "core/profile/statistics.h"
#include "core/spec/units.h"
#include "gpu/cuda_backend.h"

using namespace decodescope;

namespace {

/// A model is visited more than once, with all others in between.
constexpr int kVisits = 2;
/// Longer steps are not drawn: where others share the machine, few of them would be undisturbed.
constexpr double kMostStepSeconds = 0.03;

/// What is drawn for one kind of device.
struct Range {
    std::vector<DataType> kvTypes, weightTypes;
    std::uint64_t mostBytes = 0; ///< of one model's weights and cache
    double visitSeconds = 0;
    std::int64_t mostBatch = 1;
};

Range rangeOf(const DeviceInfo& device) {
    using enum DataType;
    if (device.backend == "cuda") // fast, and with as much room as its memory and its caches need
        return {{F16, BF16, FP8_E4M3, Int8}, {F16, BF16}, 6 * kGiB, 0.1, 64};
    return {
        {F32, F16, BF16, Int8, Q8_0, Q4_0}, {F32, F16, BF16, Q8_0, Q4_0}, 3 * kGiB / 2, 0.5, 12};
}

struct Drawn {
    ModelSpec model;
    Workload workload;
    std::int64_t context = 1, batch = 1;
};

class Draw {
public:
    Draw(std::uint64_t seed, Range range) : m_random(seed), m_range(std::move(range)) {}

    /// Of a size that fits and is measured in seconds.
    Drawn next(int allThreads);

private:
    template <typename T>
    T oneOf(const std::vector<T>& values) {
        return values[std::uniform_int_distribution<std::size_t>(0, values.size() - 1)(m_random)];
    }
    std::int64_t logUniform(double least, double most) {
        return std::llround(
            std::exp(std::uniform_real_distribution(std::log(least), std::log(most))(m_random)));
    }

    std::mt19937_64 m_random;
    Range m_range;
};

Drawn Draw::next(int allThreads) {
    Drawn drawn;
    for (;;) {
        const auto group = oneOf<std::int64_t>({1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 32, 48, 71});
        const auto kvHeads = oneOf<std::int64_t>({1, 2, 4, 8, 16, 32});
        ShapeByHand shape;
        shape.nKvHeads = kvHeads;
        shape.nHeads = group * kvHeads;
        shape.headDim = oneOf<std::int64_t>({64, 80, 96, 128, 128, 256});
        shape.layers = logUniform(1, 48);
        Workload& workload = drawn.workload;
        workload.scope = oneOf<Scope>({Scope::Attention, Scope::Step});
        workload.kvTypes.key = oneOf(m_range.kvTypes);
        workload.kvTypes.value = workload.kvTypes.key;
        workload.threads = oneOf<int>({1, allThreads});
        if (workload.scope == Scope::Step) {
            workload.weightsType = oneOf(m_range.weightTypes);
            shape.hiddenSize = 256 * logUniform(2, 16);
            shape.ffnHidden = 256 * std::max<std::int64_t>(1, shape.hiddenSize * 3 / 256);
            shape.vocabSize = 1000 * logUniform(1, 64);
        }
        drawn.context = logUniform(128, 65536);
        drawn.batch = logUniform(1, static_cast<double>(m_range.mostBatch));
        if (shape.nHeads > 128 || shape.nHeads * shape.headDim > 8192)
            continue;
        drawn.model = modelByHand(shape);
        workload.contexts = {drawn.context};
        workload.batches = {drawn.batch};
        if (footprint(drawn.model, workload, drawn.context, drawn.batch, workload.scope)
                .totalBytes() < m_range.mostBytes)
            return drawn;
    }
}

/// One that is predicted and measured.
struct Case {
    Drawn drawn;
    Plan plan;
    std::vector<std::vector<double>> visits = {}; ///< seconds of the steps of each

    [[nodiscard]] std::vector<double> seconds() const {
        std::vector<double> all;
        for (const std::vector<double>& visit : visits)
            all.insert(all.end(), visit.begin(), visit.end());
        return all;
    }
    [[nodiscard]] double usual() const { return bench::median(seconds()); }
    [[nodiscard]] double fastest() const { return quantile(seconds(), 0); }
    /// Of the prediction, beside the median step.
    [[nodiscard]] double error() const {
        return std::abs(plan.forecast.seconds - usual()) / usual();
    }
    /// Of its lower end, beside the fastest step.
    [[nodiscard]] double undisturbedError() const {
        return std::abs(plan.range.leastSeconds - fastest()) / fastest();
    }
};

/// Measures for a while. False where the model is not covered, or not as a whole.
bool measure(Backend& backend, const DeviceInfo& device, const Range& range, Case& each) {
    const DecoderRequest request =
        decoderRequest(each.plan, each.drawn.workload, 3 * range.mostBytes);
    if (!backend.covers(device.id, request) || !each.plan.forecast.fromKernels ||
        each.plan.forecast.seconds > kMostStepSeconds)
        return false;
    auto decoder = backend.makeDecoder(device.id, request, {});
    if (!decoder || (*decoder)->layersMeasured() != each.drawn.model.layerCount() ||
        !(*decoder)->step({})) // the first finds caches cold
        return false;
    const auto start = Clock::now();
    std::vector<double> seconds;
    while (secondsSince(start) < range.visitSeconds)
        if (const auto timing = (*decoder)->step({}))
            seconds.push_back(timing->seconds);
    if (seconds.empty())
        return false;
    each.visits.push_back(std::move(seconds));
    return true;
}

void print(const Case& each) {
    const LayerSpec& layer = each.drawn.model.layers.front();
    const Plan& plan = each.plan;
    const nlohmann::ordered_json line{{"scope", name(plan.scope)},
                                      {"layers", each.drawn.model.layerCount()},
                                      {"n_heads", layer.nHeads},
                                      {"n_kv_heads", layer.nKvHeads},
                                      {"head_dim", layer.headDimK},
                                      {"hidden", each.drawn.model.hiddenSize},
                                      {"context_tokens", each.drawn.context},
                                      {"batch", each.drawn.batch},
                                      {"kv_dtype", name(plan.kvTypes.key)},
                                      {"weights_dtype", name(plan.weightsType)},
                                      {"threads", each.drawn.workload.threads},
                                      {"tpot_p50_ms", each.usual() * 1e3},
                                      {"tpot_fastest_ms", each.fastest() * 1e3},
                                      {"predicted_tpot_ms", plan.forecast.seconds * 1e3},
                                      {"predicted_tpot_low_ms", plan.range.leastSeconds * 1e3},
                                      {"error", each.error()},
                                      {"undisturbed_error", each.undisturbedError()}};
    fmt::print("{}\n", line.dump());
}

void printSummary(const char* what, const std::vector<double>& errors) {
    constexpr double kMedianLimit = 0.08;
    constexpr double kNinetiethLimit = 0.20;
    const double middle = median(errors);
    const double ninetieth = quantile(errors, 0.9);
    fmt::print(R"({{"summary": "{}", "models": {}, "median_error": {:.3f}, "p90_error": {:.3f}, )"
               R"("median_limit": {:.2f}, "p90_limit": {:.2f}, "pass": {}}})"
               "\n",
               what, errors.size(), middle, ninetieth, kMedianLimit, kNinetiethLimit,
               middle <= kMedianLimit && ninetieth <= kNinetiethLimit);
}

/// How well one visit's steps tell another's: no prediction does better on this machine.
template <typename Of>
void printRepeats(const char* what, const std::vector<Case>& cases, const Of& of) {
    std::vector<double> errors;
    for (const Case& each : cases)
        if (each.visits.size() > 1) {
            const double first = of(each.visits.front());
            const double last = of(each.visits.back());
            errors.push_back(std::abs(first - last) / last);
        }
    fmt::print(R"({{"repeats": "{}", "models": {}, "median_error": {:.3f}, "p90_error": {:.3f}}})"
               "\n",
               what, errors.size(), median(errors), quantile(errors, 0.9));
}

int run(std::uint64_t seed, int count, const std::string& deviceId) {
    const auto backend = deviceId.rfind("cuda:", 0) == 0 ? makeCudaBackend() : makeCpuBackend();
    DeviceInfo device;
    if (Status found = findDevice(*backend, deviceId, device); !found) {
        fmt::print(stderr, "bench_predict: {}\n", found.error().sentence());
        return exitCode(found.error().code);
    }
    const StoredCeilings stored = loadCeilings(device);
    if (!stored.ceilings || !stored.ceilings->kernels) {
        fmt::print(stderr,
                   "bench_predict: no calibration of this machine's kernels ({}): run "
                   "decodescope-cli calibrate\n",
                   stored.note);
        return 1;
    }
    device.ceilings = stored.ceilings;
    fmt::print("{}\n", nlohmann::json{{"calibration", *stored.ceilings->kernels}}.dump());
    const PlanDevice planned = measuredDevice(device);
    std::vector<Case> cases;
    const Range range = rangeOf(device);
    Draw draw(seed, range);
    int tries = 100 * count; // most are not covered, or too long; where all are, it ends
    while (static_cast<int>(cases.size()) < count && tries-- > 0) {
        Drawn drawn = draw.next(std::max(1, device.threads));
        Plan plan =
            makePlan(asIs(drawn.model), planned, drawn.workload, drawn.context, drawn.batch);
        Case each{std::move(drawn), std::move(plan)};
        if (measure(*backend, device, range, each))
            cases.push_back(std::move(each));
    }
    if (static_cast<int>(cases.size()) < count) {
        fmt::print(stderr, "bench_predict: of {} models drawn {} were covered and short enough\n",
                   100 * count, cases.size());
        return 1;
    }
    for (int visit = 1; visit < kVisits; ++visit)
        for (Case& each : cases)
            static_cast<void>(measure(*backend, device, range, each));
    std::vector<double> errors;
    std::vector<double> undisturbed;
    for (const Case& each : cases) {
        print(each);
        errors.push_back(each.error());
        undisturbed.push_back(each.undisturbedError());
    }
    printRepeats("fastest step of a visit, beside that of another", cases,
                 [](const std::vector<double>& steps) { return quantile(steps, 0); });
    printRepeats("median step of a visit, beside that of another", cases,
                 [](const std::vector<double>& steps) { return bench::median(steps); });
    printSummary("fastest step, beside the undisturbed prediction", undisturbed);
    printSummary("median step, beside the prediction", errors);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run(static_cast<std::uint64_t>(argc > 1 ? std::atoll(argv[1]) : 1),
                   argc > 2 ? std::atoi(argv[2]) : 60, argc > 3 ? argv[3] : "cpu");
    } catch (const std::exception& cause) {
        std::fprintf(stderr, "bench_predict: %s\n", cause.what());
        return 1;
    }
}
