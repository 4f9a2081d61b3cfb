// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "gpu/kernels/device_ops.h"
#include "gpu/kernels/step_shape.h"

namespace decodescope::gpu {

/// The sum of `value` over all threads of the block, in all of them; `shared` has a float for each
/// warp.
DECODESCOPE_DEVICE float sumOverBlock(float value, float* shared) {
#pragma unroll
    for (int mask = 1; mask < kWarpLanes; mask *= 2)
        value += shuffleXor(value, mask);
    if (threadIndex() % kWarpLanes == 0)
        shared[threadIndex() / kWarpLanes] = value;
    syncThreads();
    float sum = 0;
    for (int warp = 0; warp < blockThreads() / kWarpLanes; ++warp)
        sum += shared[warp];
    return sum;
}

/// Grid (sequences). A thread reads four columns at once, kBatches times before it needs the first:
/// what a norm takes is latency.
template <KvFormat kOut>
struct NormKernel {
    using Args = NormArgs;
    static constexpr int kMostThreads = kNormThreads, kLeastBlocks = 2;
    static constexpr KernelId id() { return normId(kOut); }

    static constexpr int kColumns = kChunkBytes / 4;
    static constexpr int kBatches = 4;

    static DECODESCOPE_DEVICE void run(const NormArgs& args) {
        float values[kBatches][kColumns];
        float squares = 0;
        for (int first = 0; first < args.width; first += columnsAtOnce()) {
            sum(args, first, values);
#pragma unroll
            for (int batch = 0; batch < kBatches; ++batch)
#pragma unroll
                for (int i = 0; i < kColumns; ++i)
                    squares += values[batch][i] * values[batch][i];
        }
        const float mean = sumOverBlock(squares, reinterpret_cast<float*>(sharedMemory())) /
                           static_cast<float>(args.width);
        const float factor = 1.0F / sqrtf(mean + args.epsilon);
        for (int first = 0; first < args.width; first += columnsAtOnce()) {
            if (args.width > columnsAtOnce())
                readAgain(args, first, values); // each thread what it has written
            write(args, first, values, factor);
        }
    }

private:
    static DECODESCOPE_DEVICE int columnsAtOnce() {
        return kBatches * kColumns * blockThreads();
    }
    static DECODESCOPE_DEVICE int columnOf(int first, int batch) {
        return first + (batch * blockThreads() + threadIndex()) * kColumns;
    }
    /// Adds four columns of each batch. No load is under a condition, which would make it wait for
    /// the one before: beyond the width the last columns are read again.
    static DECODESCOPE_DEVICE void add(const NormArgs& args, const float* row, int first,
                                       float (&to)[kBatches][kColumns]) {
        Chunk chunks[kBatches];
#pragma unroll
        for (int batch = 0; batch < kBatches; ++batch) {
            const int wished = columnOf(first, batch);
            const int column = wished < args.width ? wished : args.width - kColumns;
            chunks[batch] = loadCached(reinterpret_cast<const std::byte*>(row + column));
        }
#pragma unroll
        for (int batch = 0; batch < kBatches; ++batch)
#pragma unroll
            for (int i = 0; i < kColumns; ++i)
                to[batch][i] +=
                    columnOf(first, batch) < args.width ? floatOf(chunks[batch].words[i]) : 0.0F;
    }

    /// The residual's sums of this thread's columns, which are kept too; zeros beyond the width.
    static DECODESCOPE_DEVICE void sum(const NormArgs& args, int first,
                                       float (&values)[kBatches][kColumns]) {
        const std::int64_t row = std::int64_t{blockX()} * args.width;
#pragma unroll
        for (int batch = 0; batch < kBatches; ++batch)
#pragma unroll
            for (int i = 0; i < kColumns; ++i)
                values[batch][i] = 0;
        add(args, args.from + row, first, values);
        for (int part = 0; part < args.added.parts; ++part)
            add(args,
                args.added.sums +
                    (std::int64_t{part} * args.added.batch + blockX()) * args.added.width,
                first, values);
#pragma unroll
        for (int batch = 0; batch < kBatches; ++batch)
            if (const int column = columnOf(first, batch); column < args.width)
#pragma unroll
                for (int i = 0; i < kColumns; ++i)
                    args.residual[row + column + i] = values[batch][i];
    }

    static DECODESCOPE_DEVICE void readAgain(const NormArgs& args, int first,
                                             float (&values)[kBatches][kColumns]) {
#pragma unroll
        for (int batch = 0; batch < kBatches; ++batch)
            if (const int column = columnOf(first, batch); column < args.width)
#pragma unroll
                for (int i = 0; i < kColumns; ++i)
                    values[batch][i] =
                        args.residual[std::int64_t{blockX()} * args.width + column + i];
    }

    static DECODESCOPE_DEVICE void write(const NormArgs& args, int first,
                                         const float (&values)[kBatches][kColumns], float factor) {
#pragma unroll
        for (int batch = 0; batch < kBatches; ++batch)
            if (const int column = columnOf(first, batch); column < args.width) {
                auto* const out = reinterpret_cast<std::uint32_t*>(
                    args.out + std::int64_t{blockX()} * args.width + column);
#pragma unroll
                for (int i = 0; i < kColumns; i += 2)
                    out[i / 2] =
                        packPair<kOut>(values[batch][i] * factor, values[batch][i + 1] * factor);
            }
    }
};

} // namespace decodescope::gpu
