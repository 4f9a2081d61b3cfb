// SPDX-License-Identifier: Apache-2.0
#include "gpu/gpu_self_test.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "gpu/attention_check.h"
#include "gpu/kernels/kernel_shape.h"
#include "gpu/random_fill.h"
#include "gpu/step_check.h"

namespace decodescope {
namespace {

constexpr DataType kTypes[] = {DataType::F16, DataType::BF16, DataType::FP8_E4M3, DataType::Int8};
constexpr int kHeadDims[] = {64, 80, 96, 128, 256};
constexpr int kFewGroups[] = {1, 2, 5, 16, 33};
constexpr int kManyGroups[] = {1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 31, 32, 48, 64, 71, 127, 128};

AttentionCase caseOf(DataType type, int headDim, int group, std::vector<int> contexts) {
    AttentionCase test;
    test.type = type;
    test.headDim = headDim;
    test.group = group;
    test.nKvHeads = group < 16 ? 2 : 1; // the reference takes its time
    test.contexts = std::move(contexts);
    test.blocksAtOnce = 0;
    test.scales = true;
    return test;
}

std::vector<AttentionCase> casesOf(bool full) {
    std::vector<AttentionCase> cases;
    const std::vector<int> sizes = {1, 7, 15, 16, 17, 63, 64, 65, 1023};
    const auto add = [&cases](AttentionCase test) { cases.push_back(std::move(test)); };
    std::size_t turn = 0;
    for (const DataType type : kTypes) {
        for (const int headDim : kHeadDims) {
            const auto groups =
                full ? std::vector<int>(std::begin(kManyGroups), std::end(kManyGroups))
                     : std::vector<int>(std::begin(kFewGroups), std::end(kFewGroups));
            for (const int group : groups) {
                add(caseOf(type, headDim, group, sizes));
                add(caseOf(type, headDim, group, {4097}));
                add(caseOf(type, headDim, group, sizes));
                cases.back().pageTokens = kPageSizes[turn++ % std::size(kPageSizes)];
            }
        }
        for (int group = 1; group <= gpu::kMostGroup; group += full ? 1 : 9)
            add(caseOf(type, 128, group, {65}));
        // More parts than a GPU of this size would choose, of sequences that are not alike.
        add(caseOf(type, 64, 3, {1, 300, 64, 1023, 4097, 33}));
        cases.back().blocksAtOnce = 1000;
        // What f16 sums get wrong: thousands of equal weights.
        add(caseOf(type, 64, full ? 32 : 4, {16'384}));
        cases.back().flat = true;
    }
    return cases;
}

std::string nameOf(const AttentionCase& test, const AttentionPlan& plan) {
    return fmt::format("attention{}{}{}",
                       plan.kernel.family == KernelFamily::Vector ? "" : " by matrix products",
                       test.pageTokens > 0 ? ", pages" : "", test.flat ? ", flat scores" : "");
}

Result<SelfTestResult> runCase(const std::shared_ptr<GpuRuntime>& gpu, const AttentionCase& test,
                               std::uint64_t seed) {
    const Result<AttentionPlan> plan = planOf(*gpu, test);
    if (!plan)
        return plan.error();
    const Result<double> error = AttentionData(test, seed).errorOn(gpu, *plan);
    if (!error)
        return error.error();
    SelfTestResult result;
    result.kernel = nameOf(test, *plan);
    result.type = test.type;
    result.headDim = test.headDim;
    result.group = test.group;
    result.context = *std::max_element(test.contexts.begin(), test.contexts.end());
    result.batch = static_cast<std::int64_t>(test.contexts.size());
    result.error = *error;
    result.bound = allowedError(*plan);
    return result;
}

/// Whether the GPU fills memory with what the host computes: caches are, before they are measured.
Result<SelfTestResult> runFill(const std::shared_ptr<GpuRuntime>& gpu, DataType type,
                               std::uint64_t seed) {
    std::vector<std::uint64_t> words(100'003, 0);
    const std::uint64_t bytes = words.size() * sizeof(words[0]);
    Result<DeviceBuffer> memory = DeviceBuffer::make(gpu, bytes);
    if (!memory)
        return memory.error();
    Status status = fillRandom(*gpu, memory->data(), bytes, type, seed);
    if (status)
        status = gpu->copyToHost(words.data(), memory->data(), bytes);
    if (!status)
        return status.error();
    const gpu::RandomContent content = randomContent(type, seed);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < words.size(); ++i)
        wrong += words[i] != content.word(i);
    SelfTestResult result;
    result.kernel = "random fill";
    result.type = type;
    result.error = static_cast<double>(wrong) / static_cast<double>(words.size());
    return result;
}

Result<std::vector<SelfTestResult>> listed(Result<SelfTestResult> result) {
    if (!result)
        return result.error();
    return std::vector<SelfTestResult>{std::move(*result)};
}

/// One shape, by all kernels that run it.
struct Check {
    std::string label;
    std::function<Result<std::vector<SelfTestResult>>(std::uint64_t seed)> run;
};

} // namespace

Result<std::vector<SelfTestResult>> runGpuSelfTest(const std::shared_ptr<GpuRuntime>& gpu,
                                                   const CublasLt* library,
                                                   const SelfTestOptions& options,
                                                   const SelfTestProgress& progress,
                                                   const std::stop_token& stop) {
    std::vector<Check> checks;
    for (const DataType type : kTypes)
        checks.push_back(
            {fmt::format("filling with {}", name(type)),
             [&gpu, type](std::uint64_t seed) { return listed(runFill(gpu, type, seed)); }});
    for (const AttentionCase& test : casesOf(options.full))
        checks.push_back({label(test), [&gpu, test](std::uint64_t seed) {
                              return listed(runCase(gpu, test, seed));
                          }});
    for (const ProjectionShape& shape : projectionChecks(options.full))
        checks.push_back({label(shape), [&gpu, library, shape](std::uint64_t seed) {
                              return checkProjection(gpu, library, shape, seed);
                          }});
    std::vector<SelfTestResult> all;
    for (std::size_t i = 0; i < checks.size() && !stop.stop_requested(); ++i) {
        const Result<std::vector<SelfTestResult>> results = checks[i].run(options.seed + i);
        if (!results) {
            Error error = results.error();
            error.what += " (" + checks[i].label + ")"; // which kernel it was
            return error;
        }
        for (const SelfTestResult& result : *results) {
            all.push_back(result);
            if (progress)
                progress(result, static_cast<double>(i + 1) / static_cast<double>(checks.size()));
        }
    }
    return all;
}

} // namespace decodescope
