// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/projection_kernel.h"

#include <algorithm>

#include "core/cpu/buffer.h"
#include "core/cpu/projection_part.h"
#include "core/cpu/vector_targets.h"
#include "core/engine/float_bits.h"
#include "core/spec/units.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/projection_kernel.cpp"
#include <hwy/foreach_target.h>

#include "core/cpu/projection_blocks-inl.h"
#include "core/cpu/projection_float-inl.h"
#include "core/cpu/projection_nibbles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// Inputs [from, to) of a batch into the scratch: columns for float weights, else sequences.
void packInputs(const Projection& p, std::int64_t from, std::int64_t to) {
    if (!inBlocks(p.type)) {
        packFloats(p, from, to);
        return;
    }
    for (std::int64_t sequence = from; sequence < to; ++sequence) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
        if (p.type == DataType::Q4_0) {
            packNibbleInputs(p, sequence);
            continue;
        }
#endif
        packWords(p, sequence);
    }
}

void projectPart(const Projection& p, const ProjectionPart& part) {
    if (p.type == DataType::F32)
        floatRows<float>(p, part);
    else if (p.type == DataType::F16)
        floatRows<hwy::float16_t>(p, part);
    else if (p.type == DataType::BF16)
        floatRows<hwy::bfloat16_t>(p, part);
    else if (p.type == DataType::Q8_0)
        blockRows<Q8Block>(p, part);
    else
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
        nibbleRows(p, part);
#else
        blockRows<Q4Block>(p, part);
#endif
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
    constexpr std::int64_t kStep = 12; ///< a multiple of the rows that the kernels block
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
    constexpr std::int64_t kFloat = sizeof(float);
    const auto bytes = [](std::int64_t sequences, std::int64_t perSequence) {
        return saturatingMultiply(static_cast<std::uint64_t>(sequences),
                                  static_cast<std::uint64_t>(perSequence));
    };
    if (!inBlocks(type)) {
        return batch == 1 ? 0 : bytes(batch, floatStride(columns) * kFloat);
    }
    const std::int64_t words = wordStride(columns) * 2 + kFloat; // with a scale for each sequence
    // The larger of both ways to hold it.
    return bytes(batch, type == DataType::Q4_0 ? std::max(words, pairStrideBytes(columns)) : words);
}

bool project(ThreadPool& pool, const Projection& projection, const std::stop_token& stop) {
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
    const std::int64_t perUnit = rowsPerUnit(p, pool.threads());
    const std::int64_t rowUnits = (p.rows + perUnit - 1) / perUnit;
    const std::int64_t sequenceUnits = (p.batch + kMostSequences - 1) / kMostSequences;
    // The sequences of a unit's rows follow each other, so that its weights are still cached.
    return pool.run(rowUnits * sequenceUnits, stop, [&](std::int64_t unit, int) {
        const std::int64_t row = unit / sequenceUnits * perUnit;
        const std::int64_t sequence = unit % sequenceUnits * kMostSequences;
        HWY_DYNAMIC_DISPATCH(projectPart)
        (p, {row, std::min(p.rows, row + perUnit), sequence,
             std::min(p.batch, sequence + kMostSequences)});
    });
}

} // namespace decodescope
#endif
