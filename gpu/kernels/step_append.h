// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "gpu/kernels/device_ops.h"
#include "gpu/kernels/kernel_shape.h"
#include "gpu/kernels/step_shape.h"

namespace decodescope::gpu {

/// Grid (rows, blocks of heads); a warp for each query head, then each key, each value.
template <KvFormat kFormat>
struct AppendKernel {
    using Args = AppendArgs;
    static constexpr int kMostThreads = kAppendThreads, kLeastBlocks = 4;
    static constexpr KernelId id() { return appendId(kFormat); }
    static DECODESCOPE_DEVICE void run(const AppendArgs& args) {
        const int warps = blockThreads() / kWarpLanes;
        const int head = blockY() * warps + threadIndex() / kWarpLanes;
        if (head < args.nHeads)
            query(args, head);
        else if (head < args.nHeads + 2 * args.nKvHeads && blockX() < args.sequences)
            cache(args, head - args.nHeads);
    }

private:
    /// Of a lane. All are read before the first is written, which nothing may overtake.
    static constexpr int kMostPairs = kMostHeadDim / 2 / kWarpLanes;

    static DECODESCOPE_DEVICE int lane() { return threadIndex() % kWarpLanes; }

    /// Elements i and i + head_dim / 2 of a head, rotated.
    struct Pair {
        float low, high;
    };
    static DECODESCOPE_DEVICE Pair rotated(const AppendArgs& args, int column, int i) {
        const int half = args.headDim / 2;
        const float a = args.qkv.at(blockX(), column + i);
        const float b = args.qkv.at(blockX(), column + half + i);
        const float cosine = args.rotary[i];
        const float sine = args.rotary[half + i];
        return {a * cosine - b * sine, a * sine + b * cosine};
    }

    static DECODESCOPE_DEVICE void query(const AppendArgs& args, int head) {
        constexpr KvFormat kQuery = kFormat == KvFormat::BF16 ? KvFormat::BF16 : KvFormat::F16;
        const int half = args.headDim / 2;
        std::uint16_t* const to =
            args.queries + (std::int64_t{blockX()} * args.nHeads + head) * args.headDim;
        Pair pairs[kMostPairs];
#pragma unroll
        for (int k = 0; k < kMostPairs; ++k)
            if (const int i = lane() + k * kWarpLanes; i < half)
                pairs[k] = rotated(args, head * args.headDim, i);
#pragma unroll
        for (int k = 0; k < kMostPairs; ++k)
            if (const int i = lane() + k * kWarpLanes; i < half) {
                to[i] = toHalf<kQuery>(pairs[k].low);
                to[half + i] = toHalf<kQuery>(pairs[k].high);
            }
    }

    /// Key `each`, or value `each` less the number of KV heads.
    static DECODESCOPE_DEVICE void cache(const AppendArgs& args, int each) {
        const bool isKey = each < args.nKvHeads;
        const int head = isKey ? each : each - args.nKvHeads;
        const float* const scales = isKey ? args.keyScales : args.valueScales;
        const float steps = scales ? 1.0F / scales[head] : 1.0F;
        const int column = (args.nHeads + each) * args.headDim;
        std::byte* const to = (isKey ? args.keys : args.values) +
                              args.address.offset(blockX(), head, args.contexts[blockX()] - 1);
        const int half = args.headDim / 2;
        Pair pairs[kMostPairs];
#pragma unroll
        for (int k = 0; k < kMostPairs; ++k)
            if (const int i = lane() + k * kWarpLanes; i < half)
                pairs[k] = isKey ? rotated(args, column, i)
                                 : Pair{args.qkv.at(blockX(), column + i),
                                        args.qkv.at(blockX(), column + half + i)};
#pragma unroll
        for (int k = 0; k < kMostPairs; ++k)
            if (const int i = lane() + k * kWarpLanes; i < half) {
                put(to, i, pairs[k].low * steps);
                put(to, half + i, pairs[k].high * steps);
            }
    }

    static DECODESCOPE_DEVICE void put(std::byte* row, int i, float value) {
        if constexpr (elementBytes(kFormat) == 2)
            reinterpret_cast<std::uint16_t*>(row)[i] = toHalf<kFormat>(value);
        else if constexpr (kFormat == KvFormat::E4M3)
            row[i] = static_cast<std::byte>(toE4m3(bitsOf(value)));
        else
            row[i] = static_cast<std::byte>(
                static_cast<int>(fminf(fmaxf(rintf(value), -127.0F), 127.0F)) & 0xFF);
    }
};

} // namespace decodescope::gpu
