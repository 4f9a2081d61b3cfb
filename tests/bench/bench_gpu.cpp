// SPDX-License-Identifier: Apache-2.0
// Decode attention on a GPU beside its read bandwidth, published figures, and other people's
// kernels: cuDNN's in this process, PyTorch's in another, their repetitions interleaved with ours.
// bench_gpu [--device cuda:N] [--only WORD] [--torch SCRIPT]: only the cases whose name contains
// WORD. One JSON object a line: the device first, then the cases. Exit code 5 without a GPU, 1
// where a figure was missed.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/profile/point_conditions.h"
#include "core/profile/statistics.h"
#include "core/spec/units.h"
#include "gpu/cuda_backend.h"
#include "gpu_cases.h"
#include "line_process.h"

using namespace decodescope;
using bench::GpuCase;
using Json = nlohmann::ordered_json;

namespace {

constexpr int kRounds = 9;
constexpr int kStepsOfARound = 10;
constexpr std::uint64_t kCachesToOutrun = 4;
constexpr std::int64_t kFewestLayers = 4;
constexpr std::int64_t kMostLayers = 256;
constexpr int kExitMissed = 1;

struct Options {
    std::string device = "cuda:0", only, torch;
};

void printLine(const Json& json) {
    fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
    static_cast<void>(std::fflush(stdout));
}

/// Microseconds of one call by one set of kernels, or why there are none.
struct Timed {
    std::string name; ///< "ours", "cudnn", "torch_flash", …
    std::vector<double> microseconds;
    std::string refused;
};

/// PyTorch's attention in a process of its own.
class TorchPeer {
public:
    explicit TorchPeer(const std::string& script) {
        if (!script.empty())
            m_process =
                std::make_unique<bench::LineProcess>(std::vector<std::string>{"python3", script});
    }

    /// Makes the caches of a case ready; what is refused has no times.
    void prepare(const GpuCase& test, std::int64_t layers, std::vector<Timed>& into) {
        m_ready.clear();
        const Json answer = ask({{"heads", test.heads},
                                 {"kv_heads", test.kvHeads},
                                 {"head_dim", test.headDim},
                                 {"context", test.context},
                                 {"batch", test.batch},
                                 {"dtype", name(test.type)},
                                 {"layers", layers}});
        for (const Json& each : answer.value("ready", Json::array()))
            add(each.get<std::string>(), into);
        const Json refused = answer.value("refused", Json::object());
        for (const auto& [each, why] : refused.items())
            into.push_back({each, {}, why.get<std::string>()});
    }

    void repeat(int times, std::vector<Timed>& into) {
        if (m_ready.empty())
            return;
        const Json answer = ask({{"repeat", times}});
        for (const auto& [each, at] : m_ready)
            for (const Json& microseconds : answer.value(each, Json::array()))
                into[at].microseconds.push_back(microseconds.get<double>());
    }

private:
    void add(const std::string& kernels, std::vector<Timed>& into) {
        m_ready.emplace_back(kernels, into.size());
        into.push_back({kernels, {}, ""});
    }
    /// An empty object once there is no PyTorch, which is said once.
    Json ask(const Json& question) {
        if (!m_process)
            return Json::object();
        const std::optional<std::string> answer = m_process->ask(question.dump());
        Json json = answer ? Json::parse(*answer, nullptr, false) : Json();
        if (json.is_object() && !json.contains("missing"))
            return json;
        const std::string why = json.is_object() ? json["missing"].get<std::string>()
                                                 : std::string("python3 gave no answer");
        fmt::print(stderr, "bench_gpu: PyTorch is not measured: {}\n", why);
        m_process.reset();
        m_ready.clear();
        return Json::object();
    }

    std::unique_ptr<bench::LineProcess> m_process;
    std::vector<std::pair<std::string, std::size_t>> m_ready; ///< and where their times go
};

class GpuBench {
public:
    GpuBench(Backend& backend, DeviceInfo device, Ceilings ceilings, const std::string& torch)
        : m_backend(backend), m_device(std::move(device)), m_ceilings(std::move(ceilings)),
          m_torch(torch) {}

    /// Prints the case's line. False where a figure was missed.
    bool run(const GpuCase& test);

private:
    [[nodiscard]] std::int64_t layersOf(const GpuCase& test) const;
    [[nodiscard]] DecoderRequest requestOf(const GpuCase& test) const;
    [[nodiscard]] Status measure(const GpuCase& test, std::vector<Timed>& all, Json& line);
    [[nodiscard]] bool judge(const GpuCase& test, const std::vector<Timed>& all, Json& line) const;

    Backend& m_backend;
    DeviceInfo m_device;
    Ceilings m_ceilings;
    TorchPeer m_torch;
};

/// Caches enough that none is still in the second-level cache when its turn comes again.
std::int64_t GpuBench::layersOf(const GpuCase& test) const {
    const std::uint64_t outrun = kCachesToOutrun * m_device.lastLevelCacheBytes.value_or(64 * kMiB);
    const auto layers = static_cast<std::int64_t>(outrun / test.cacheBytes() + 1);
    return std::clamp(layers, kFewestLayers, kMostLayers);
}

DecoderRequest GpuBench::requestOf(const GpuCase& test) const {
    DecoderRequest request;
    request.model = modelByHand({.layers = layersOf(test),
                                 .nHeads = test.heads,
                                 .nKvHeads = test.kvHeads,
                                 .headDim = test.headDim});
    request.kvTypes = {test.type, test.type};
    request.context = test.context;
    request.batch = test.batch;
    // A third each for ours, cuDNN's and PyTorch's.
    request.budgetBytes = m_backend.readMemory(m_device.id).availableBytes.value_or(kGiB) / 3;
    return request;
}

/// Steps of a round; the first warms up after the others had the GPU.
Status timeSteps(Decoder& decoder, std::int64_t layers, std::vector<double>& microseconds) {
    for (int i = 0; i <= kStepsOfARound; ++i) {
        const Result<StepTiming> step = decoder.step({});
        if (!step)
            return step.error();
        if (i > 0)
            microseconds.push_back(step->seconds * 1e6 / static_cast<double>(layers));
    }
    return Done{};
}

Status GpuBench::measure(const GpuCase& test, std::vector<Timed>& all, Json& line) {
    const DecoderRequest request = requestOf(test);
    const std::int64_t layers = request.model.layerCount();
    Result<std::unique_ptr<Decoder>> ours = m_backend.makeDecoder(m_device.id, request, {});
    if (!ours)
        return ours.error();
    all.push_back({"ours", {}, ""});
    all.push_back({"cudnn", {}, ""});
    Result<std::unique_ptr<Decoder>> cudnn = m_backend.makePeer(m_device.id, "cudnn", request, {});
    m_torch.prepare(test, layers, all);
    ConditionsLog conditions;
    for (int round = 0; round < kRounds; ++round) {
        if (Status status = timeSteps(**ours, layers, all[0].microseconds); !status)
            return status;
        conditions.add(m_backend.conditions(m_device.id));
        if (cudnn)
            if (Status status = timeSteps(**cudnn, layers, all[1].microseconds); !status)
                cudnn = status.error(); // and ours go on
        if (!cudnn)
            all[1].refused = cudnn.error().what;
        m_torch.repeat(kStepsOfARound, all);
    }
    line["layers"] = layers;
    line["cache_resident"] = (*ours)->cacheResident();
    nlohmann::json told;
    writeConditions(told, conditions.summary());
    for (const auto& [key, value] : told.items())
        if (!value.is_null())
            line[key] = value;
    return Done{};
}

bool GpuBench::judge(const GpuCase& test, const std::vector<Timed>& all, Json& line) const {
    const double ours = median(all[0].microseconds);
    const double bytesPerSecond = static_cast<double>(test.cacheBytes()) / (ours * 1e-6);
    const double share = bytesPerSecond / m_ceilings.bandwidthBytesPerSecond;
    line["us"] = ours;
    line["us_p10"] = quantile(all[0].microseconds, 0.1);
    line["gb_per_s"] = bytesPerSecond / 1e9;
    line["bandwidth_share"] = share;
    bool pass = true;
    const bench::GpuGoal* goal = test.goalOn(m_device.name);
    const std::optional<double> leastShare =
        goal && goal->bandwidthShare ? goal->bandwidthShare : test.bandwidthShare;
    if (leastShare) {
        line["bandwidth_share_limit"] = *leastShare;
        pass = share >= *leastShare;
    }
    if (goal && goal->microseconds) {
        line["us_limit"] = *goal->microseconds;
        pass = pass && ours <= *goal->microseconds;
    }
    Json refused = Json::object();
    for (std::size_t i = 1; i < all.size(); ++i) {
        if (all[i].microseconds.empty()) {
            refused[all[i].name] = all[i].refused;
            continue;
        }
        const double theirs = median(all[i].microseconds);
        line[all[i].name + "_us"] = theirs;
        pass = pass && ours < theirs;
    }
    line["refused"] = refused;
    line["pass"] = pass;
    return pass;
}

bool GpuBench::run(const GpuCase& test) {
    Json line{{"case", test.name},
              {"n_heads", test.heads},
              {"n_kv_heads", test.kvHeads},
              {"head_dim", test.headDim},
              {"context_tokens", test.context},
              {"batch", test.batch},
              {"kv_dtype", name(test.type)},
              {"kv_bytes", test.cacheBytes()}};
    std::vector<Timed> all;
    if (Status status = measure(test, all, line); !status) {
        line["error"] = status.error().sentence();
        line["pass"] = false;
        printLine(line);
        return false;
    }
    const bool pass = judge(test, all, line);
    printLine(line);
    return pass;
}

int run(const Options& options) {
    const std::unique_ptr<Backend> backend = makeCudaBackend();
    DeviceInfo device;
    if (Status found = findDevice(*backend, options.device, device); !found) {
        fmt::print(stderr, "bench_gpu: {}\n", found.error().sentence());
        return exitCode(found.error().code);
    }
    CalibrationRequest calibration;
    calibration.bufferBytes =
        std::max(calibration.bufferBytes, kCachesToOutrun * device.lastLevelCacheBytes.value_or(0));
    const Result<Ceilings> ceilings = backend->measureCeilings(device.id, calibration, {});
    if (!ceilings) {
        fmt::print(stderr, "bench_gpu: {}\n", ceilings.error().sentence());
        return exitCode(ceilings.error().code);
    }
    printLine({{"device", device.name},
               {"compute_capability", device.computeCapability},
               {"driver", device.driverVersion},
               {"read_gb_per_s", ceilings->bandwidthBytesPerSecond / 1e9},
               {"flop_per_s", ceilings->flopPerSecond}});
    GpuBench bench(*backend, device, *ceilings, options.torch);
    bool pass = true;
    for (const GpuCase& test : bench::gpuCases())
        if (test.name.find(options.only) != std::string::npos)
            pass = bench.run(test) && pass;
    return pass ? 0 : kExitMissed;
}

/// False for what is no option of ours.
bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; i += 2) {
        const std::string option = argv[i];
        std::string* const value = option == "--device"  ? &options.device
                                   : option == "--only"  ? &options.only
                                   : option == "--torch" ? &options.torch
                                                         : nullptr;
        if (!value || i + 1 == argc)
            return false;
        *value = argv[i + 1];
    }
    return true;
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, options)) {
        fmt::print(stderr, "bench_gpu [--device cuda:N] [--only WORD] [--torch SCRIPT]\n");
        return exitCode(ErrorCode::BadUsage);
    }
    try {
        return run(options);
    } catch (const std::exception& cause) {
        fmt::print(stderr, "bench_gpu: {}\n", cause.what());
        return exitCode(ErrorCode::RunFailed);
    }
}
