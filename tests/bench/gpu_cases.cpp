// SPDX-License-Identifier: Apache-2.0
#include "gpu_cases.h"

#include "core/spec/units.h"

namespace decodescope::bench {
namespace {

using enum DataType;

constexpr std::int64_t kK = 1024;

GpuGoal within(const char* device, double microseconds) {
    return {device, microseconds, {}};
}
GpuGoal sharing(const char* device, double share) {
    return {device, {}, share};
}

} // namespace

std::uint64_t GpuCase::cacheBytes() const {
    return 2 * static_cast<std::uint64_t>(batch * kvHeads * context) *
           storedBytes(type, static_cast<std::uint64_t>(headDim));
}

const GpuGoal* GpuCase::goalOn(std::string_view deviceName) const {
    for (const GpuGoal& goal : goals)
        if (deviceName.find(goal.device) != std::string_view::npos)
            return &goal;
    return nullptr;
}

std::vector<GpuCase> gpuCases() {
    const std::vector<GpuGoal> mha{sharing("A100", 0.85), sharing("RTX 4090", 0.93)};
    const std::vector<GpuGoal> mqa{sharing("H100", 0.84)};
    return {
        {"MHA f16 16K", 32, 32, 128, 16 * kK, 1, F16, 0.90, mha},
        {"GQA-4 f16 64K", 32, 8, 128, 64 * kK, 1, F16, 0.88},
        {"GQA-8 f16 128K", 32, 4, 128, 128 * kK, 1, F16, 0.88},
        {"MQA-32 f16 64K, batch 8", 32, 1, 128, 64 * kK, 8, F16, 0.85},
        {"MQA-64 f16 64K, batch 8", 64, 1, 128, 64 * kK, 8, F16, 0.80},
        {"MQA-16 bf16 8K, batch 128", 16, 1, 128, 8 * kK, 128, BF16, {}, mqa},
        {"MQA-64 bf16 8K, batch 128", 64, 1, 128, 8 * kK, 128, BF16, {}, mqa},
        {"32/8 bf16 32K, batch 8", 32, 8, 128, 32 * kK, 8, BF16, {}, {within("H200", 250)}},
        {"32/8 f16 4K, batch 32", 32, 8, 128, 4 * kK, 32, F16, {}, {within("H200", 128)}},
        {"32/8 bf16 32K", 32, 8, 128, 32 * kK, 1, BF16, {}, {within("H200", 37)}},
        {"32/8 bf16 4K", 32, 8, 128, 4 * kK, 1, BF16, {}, {within("H200", 10)}},
        {"32/8 bf16 1K", 32, 8, 128, kK, 1, BF16, {}, {within("H200", 7)}},
        {"32/4 fp8 64K", 32, 4, 128, 64 * kK, 1, FP8_E4M3, {}, {within("H200", 28)}},
        {"32/4 fp8 256K", 32, 4, 128, 256 * kK, 1, FP8_E4M3, {}, {within("H200", 80)}},
        {"8/1 fp8 32K, batch 32", 8, 1, 128, 32 * kK, 32, FP8_E4M3, {}, {within("H200", 68)}},
    };
}

} // namespace decodescope::bench
