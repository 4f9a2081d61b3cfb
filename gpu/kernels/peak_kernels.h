// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/device_ops.h"
#include "gpu/kernels/peak_args.h"

/// The loops of peak_args.h.
namespace decodescope::gpu {

/// Multiply-adds of f32 by all threads.
struct FmaPeak {
    using Args = PeakArgs;
    static constexpr int kMostThreads = kPeakThreads, kLeastBlocks = 2;
    static constexpr int kChains = kFmaChains, kUnroll = kFmaUnroll;
    static constexpr KernelId id() { return kFmaPeak; }
    static DECODESCOPE_DEVICE void run(const PeakArgs& args) {
        float sums[kChains];
#pragma unroll
        for (int chain = 0; chain < kChains; ++chain)
            sums[chain] = args.addend * static_cast<float>(threadIndex() + chain);
        for (int i = 0; i < args.iterations; ++i) {
#pragma unroll
            for (int step = 0; step < kUnroll; ++step)
#pragma unroll
                for (int chain = 0; chain < kChains; ++chain)
                    sums[chain] = sums[chain] * args.factor + args.addend;
        }
        float all = 0;
#pragma unroll
        for (int chain = 0; chain < kChains; ++chain)
            all += sums[chain];
        if (all == -1.0F)
            *args.sink = all;
    }
};

/// Matrix products by all warps: of 16-bit factors (m16n8k16) or, with an 8-bit format, of 8-bit
/// ones (m16n8k32).
template <KvFormat kFormat>
struct MmaPeak {
    using Args = PeakArgs;
    static constexpr int kMostThreads = kPeakThreads, kLeastBlocks = 2;
    static constexpr int kChains = kMmaChains, kUnroll = kMmaUnroll;
    static constexpr KernelId id() { return mmaPeak(kFormat); }
    static DECODESCOPE_DEVICE void run(const PeakArgs& args) {
        float sums[kChains][4];
        std::uint32_t first[4];
#pragma unroll
        for (int i = 0; i < 4; ++i)
            first[i] = args.bits;
#pragma unroll
        for (int chain = 0; chain < kChains; ++chain)
#pragma unroll
            for (int i = 0; i < 4; ++i)
                sums[chain][i] = args.addend * static_cast<float>(chain); // no two alike
        for (int i = 0; i < args.iterations; ++i) {
#pragma unroll
            for (int step = 0; step < kUnroll; ++step)
#pragma unroll
                for (int chain = 0; chain < kChains; ++chain) {
                    if constexpr (elementBytes(kFormat) == 2)
                        multiplyAdd<kFormat>(sums[chain], first, args.bits, args.bits);
                    else
                        multiplyAddBytes<kFormat>(sums[chain], first, args.bits, args.bits);
                }
        }
        float all = 0;
#pragma unroll
        for (int chain = 0; chain < kChains; ++chain)
#pragma unroll
            for (int i = 0; i < 4; ++i)
                all += sums[chain][i];
        if (all == -1.0F)
            *args.sink = all;
    }
};

template <typename Table>
void addPeakKernels(Table& table) {
    table.template add<FmaPeak>();
    table.template add<MmaPeak<KvFormat::F16>>();
    table.template add<MmaPeak<KvFormat::BF16>>();
    table.template add<MmaPeak<KvFormat::E4M3>>();
    table.template add<MmaPeak<KvFormat::Int8>>();
}

} // namespace decodescope::gpu
