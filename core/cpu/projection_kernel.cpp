// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/projection_kernel.h"

#include <algorithm>

#include "core/cpu/buffer.h"
#include "core/cpu/projection_part.h"
#include "core/cpu/reading_habits.h"
#include "core/cpu/roof_kernels.h"
#include "core/cpu/vector_targets.h"
#include "core/engine/float_bits.h"
#include "core/spec/units.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/projection_kernel.cpp"
#include <hwy/foreach_target.h>

#include "core/cpu/projection_blocks-inl.h"
#include "core/cpu/projection_float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// Inputs [from, to) of a batch into the scratch: columns for float weights, else sequences.
void packInputs(const Projection& p, std::int64_t from, std::int64_t to) {
    if (!inBlocks(p.type)) {
        packFloats(p, from, to);
        return;
    }
    for (std::int64_t sequence = from; sequence < to; ++sequence)
        packIntegers(p, sequence);
}

template <bool kAsks>
void projectAsking(const Projection& p, const ProjectionPart& part,
                   [[maybe_unused]] bool dotProducts) {
    if (p.type == DataType::F32)
        floatPart<float, kAsks>(p, part);
    else if (p.type == DataType::F16)
        floatPart<hwy::float16_t, kAsks>(p, part);
    else if (p.type == DataType::BF16)
        floatPart<hwy::bfloat16_t, kAsks>(p, part);
#if DECODESCOPE_HAS_INT8_DOT
    else if (dotProducts)
        blockPart<PairDots, QuadDots<Int8Dot>, kAsks>(p, part);
#endif
    else
        blockPart<PairProducts, QuadProducts, kAsks>(p, part);
}

void projectPart(const Projection& p, ProjectionPart part, bool dotProducts) {
    constexpr bool kWide = HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3;
    const ReadingHabits& habits = readingHabits(kWide);
    part.aheadBytes = habits.weightsAheadBytes;
    if constexpr (kWide) { // elsewhere no core is known that wants it
        if (habits.asksForWeights) {
            projectAsking<true>(p, part, dotProducts);
            return;
        }
    }
    projectAsking<false>(p, part, dotProducts);
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace decodescope {
namespace {

HWY_EXPORT(packInputs);
HWY_EXPORT(projectPart);

bool pack(ThreadPool& pool, const Projection& p, const std::stop_token& stop) {
    const std::int64_t total = inBlocks(p.type) ? p.batch : p.columns;
    const std::int64_t perUnit =
        inBlocks(p.type) ? 1 : std::max<std::int64_t>(16, 65536 / p.batch / 16 * 16);
    return pool.run((total + perUnit - 1) / perUnit, stop, [&](std::int64_t unit, int) {
        HWY_DYNAMIC_DISPATCH(packInputs)
        (p, unit * perUnit, std::min(total, (unit + 1) * perUnit));
    });
}

/// Rows of one unit: few enough that a stop request is heard soon and that no thread waits long for
/// the last one, enough that the streams of a unit are long.
std::int64_t rowsPerUnit(const Projection& p, int threads) {
    constexpr std::int64_t kMostBytes = std::int64_t{1} << 19;
    constexpr std::int64_t kMostFlop = 100'000'000; ///< 50 ms at 2 GFLOP/s, without vectors
    constexpr std::int64_t kUnitsPerThread = 16;
    constexpr std::int64_t kStep = 2 * kPanelRows; ///< that the kernels take at a time
    const std::int64_t columns = std::max<std::int64_t>(1, p.columns);
    const auto rowBytes =
        static_cast<std::int64_t>(storedBytes(p.type, static_cast<std::uint64_t>(columns)));
    const std::int64_t sequences = std::min(p.batch, kMostSequences);
    const std::int64_t rows =
        std::min({kMostBytes / rowBytes, kMostFlop / (2 * columns * sequences),
                  p.rows / (kUnitsPerThread * threads)});
    return std::max<std::int64_t>(kStep, rows / kStep * kStep);
}

} // namespace

std::uint64_t projectionScratchBytes(DataType type, std::int64_t columns, std::int64_t batch) {
    if (!inBlocks(type) && batch == 1)
        return 0;
    // A word each of 32 bits, as many as kernels want for a block of 32 columns and, where they
    // fill a group up, one sequence more.
    constexpr std::uint64_t kFloats = 32;
    constexpr std::uint64_t kPairs = 16;
    constexpr std::uint64_t kQuads = 8 + 2; // with scale and correction
    const std::uint64_t perBlock = !inBlocks(type)          ? kFloats
                                   : type == DataType::Q8_0 ? kPairs
                                                            : kQuads;
    const auto blocks = static_cast<std::uint64_t>((columns + 31) / 32);
    const auto sequences = static_cast<std::uint64_t>(batch);
    constexpr std::uint64_t kScales = 64 + sizeof(float); // of each sequence, in whole lines
    return saturatingAdd(
        saturatingMultiply(sequences + 1, saturatingMultiply(blocks, perBlock * sizeof(float))),
        type == DataType::Q8_0 ? saturatingMultiply(sequences, kScales) : 0);
}

bool project(ThreadPool& pool, const Projection& projection, const std::stop_token& stop) {
    static const bool cpuHasDotProducts = int8DotLoop() != nullptr;
    Projection p = projection;
    const std::uint64_t scratchBytes = projectionScratchBytes(p.type, p.columns, p.batch);
    Buffer scratch;
    if (scratchBytes > 0) {
        if (!p.scratch) {
            scratch = Buffer(scratchBytes);
            if (!scratch.valid())
                return false;
            p.scratch = scratch.data();
        }
        if (!pack(pool, p, stop))
            return false;
    }
    const bool dotProducts = p.dotProducts && cpuHasDotProducts;
    const std::int64_t perUnit = rowsPerUnit(p, pool.threads());
    const std::int64_t rowUnits = (p.rows + perUnit - 1) / perUnit;
    const std::int64_t sequenceUnits = (p.batch + kMostSequences - 1) / kMostSequences;
    // The sequences of a unit's rows follow each other, so that its weights are still cached.
    return pool.run(rowUnits * sequenceUnits, stop, [&](std::int64_t unit, int) {
        const std::int64_t row = unit / sequenceUnits * perUnit;
        const std::int64_t sequence = unit % sequenceUnits * kMostSequences;
        const ProjectionPart part{row, std::min(p.rows, row + perUnit), sequence,
                                  std::min(p.batch, sequence + kMostSequences)};
        HWY_DYNAMIC_DISPATCH(projectPart)(p, part, dotProducts);
    });
}

} // namespace decodescope
#endif
