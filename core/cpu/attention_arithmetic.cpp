// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/attention_arithmetic.h"

#include <algorithm>
#include <chrono>

#include "core/cpu/attention_kernel.h"
#include "core/cpu/roof_kernels.h"
#include "core/engine/float_bits.h"

namespace decodescope {

AttentionArithmetic attentionArithmetic(const KvTypes& types, std::int64_t group,
                                        const DotUnits& units) {
    const auto both = [&types](auto is) { return is(types.key) && is(types.value); };
    const auto isInteger = [](DataType type) { return type == DataType::Int8 || inBlocks(type); };
    const auto isF16 = [](DataType type) { return type == DataType::F16; };
    const std::int64_t leastSplit = both(isF16) ? kSplitF16LeastGroup : kSplitIntegersLeastGroup;
    if (units.bf16Matrix && group >= leastSplit &&
        both([&](DataType type) { return isF16(type) || isInteger(type); }))
        return AttentionArithmetic::SplitMatrix;
    if (units.int8 && both(isInteger))
        return AttentionArithmetic::Int8Dot;
    if (!both([](DataType type) { return type == DataType::BF16; }))
        return AttentionArithmetic::F32;
    if (units.bf16Matrix && group >= kBf16MatrixLeastGroup)
        return AttentionArithmetic::Bf16Matrix;
    return units.bf16 && units.bf16Fast && group >= kBf16DotLeastGroup
               ? AttentionArithmetic::Bf16Dot
               : AttentionArithmetic::F32;
}

std::vector<UnitUse> unitUses(const DotUnits& units) {
    constexpr std::int64_t kMostGroup = 128;
    std::vector<UnitUse> uses;
    for (const DataType type : {DataType::F32, DataType::F16, DataType::BF16, DataType::Int8,
                                DataType::Q8_0, DataType::Q4_0})
        for (std::int64_t group = kMostGroup; group >= 1; --group) {
            const DotUnit unit = dotUnitOf(attentionArithmetic({type, type}, group, units));
            if (unit == DotUnit::None)
                break; // fewer heads have none either
            if (!uses.empty() && uses.back().kvType == type && uses.back().unit == unit)
                uses.back().leastGroup = group;
            else
                uses.push_back({type, group, unit});
        }
    return uses;
}

namespace {

/// Operations a second, the best of a few tries of some 10 µs.
double rateOf(PeakLoop loop) {
    constexpr std::int64_t kRounds = 2000;
    constexpr int kTries = 5;
    double best = 0;
    for (int i = 0; i < kTries; ++i) {
        float sink = 0;
        const auto start = std::chrono::steady_clock::now();
        const double done = loop(kRounds, 1.0F, sink);
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        best = std::max(best, done / std::max(1e-9, taken.count()));
    }
    return best;
}

/// Zen 4 does twice as many operations a second by dot products of bf16 as by multiply-adds of f32,
/// Emerald Rapids half as many.
bool bf16DotsOutrunF32() {
    constexpr double kLeastGain = 1.2;
    const PeakLoop dots = bf16DotLoop();
    return dots != nullptr && rateOf(dots) > kLeastGain * rateOf(f32Loop());
}

} // namespace

DotUnits dotUnits() {
    static const bool cpuHasBf16 = bf16DotLoop() != nullptr;
    static const bool cpuHasFastBf16 = bf16DotsOutrunF32();
    static const bool cpuHasInt8 = int8DotLoop() != nullptr;
    static const bool cpuHasMatrix = bf16MatrixLoop() != nullptr;
    return {cpuHasBf16 && kernelTargetHasBf16Dot(), cpuHasInt8 && kernelTargetHasInt8Dot(),
            cpuHasMatrix && kernelTargetHasBf16Matrix(), cpuHasFastBf16};
}

} // namespace decodescope
