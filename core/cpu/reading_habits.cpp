// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/reading_habits.h"

#include <limits>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace decodescope {
namespace {

constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();

/// Measured on Zen 3: what is asked for too early is dropped. 2 KiB against 8 KiB is worth 8 % to
/// one head, and the other way round 15 % to four. A core reads 11 to 14 GB/s from one place and 15
/// to 18 from four whose lines it takes in turn, the more so the more arithmetic lies between two
/// lines: one to six heads that read four places side by side take 0.82 to 0.88 of the time of a
/// tile of each in turn. Converting a tile first is a loss also where many blocks share it (16, 32
/// and 64 heads without: 0.89, 0.86 and 0.88 of the time): the tile, its queries and its sums are
/// more than a first-level cache holds.
constexpr ReadingHabits kNarrow{};

/// Measured on Zen 4: the CPU's own prefetchers read a matrix at the rate of a plain stream where
/// its rows are taken one after the other, and an instruction that asks for memory holds one of the
/// few buffers for misses until the memory answers, 18 to 20 GB/s in all. One head lost a third by
/// asking and four a fifth; with 16-bit elements six gain 5 % and eight a quarter, whose sweeps are
/// narrower than a row. A tile converted on the fly costs nothing beside the multiply-adds of eight
/// heads, storing it as f32 a tenth of the time of 32 (half a vector is stored a cycle).
constexpr ReadingHabits kWideZen{.waitingHeads = 7,
                                 .waitingHeads16 = 5,
                                 .waitingBytes = 8192,
                                 .asksWhileWaiting = false,
                                 .placesHeads = 0};

/// Measured on Emerald Rapids: left to its own prefetchers a core reads half of what it can. Asking
/// brings one head from 0.53 to 0.79 of the stream and four places in turn to 0.90; four heads from
/// 0.45 to 0.83, eight from 0.55 to 0.67. A conversion from f16 takes the time of 2.4 multiply-adds
/// in their own units: nine heads in one block take 0.82 of the time of two blocks that share a
/// tile converted into the first-level cache, twelve 0.90, 16 0.93; 24 and more gain nothing.
/// Weights for one sequence: f16 from 0.74 to 0.99; q8_0 from 0.56 to 0.80, with two panels at a
/// time to 0.93, q4_0 from 0.54 to 0.78 and 0.91.
constexpr ReadingHabits kWideIntel{.waitingHeads = 8,
                                   .waitingHeads16 = 8,
                                   .waitingBytes = 8192,
                                   .placesHeads = kAny,
                                   .placesForPacked = true,
                                   .blocksBeforeConversion = 1,
                                   .wideBlocks = true,
                                   .asksForWeights = true,
                                   .weightsAheadBytes = 8192};

bool fromIntel() {
#if defined(__x86_64__)
    unsigned most = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid(0, &most, &ebx, &ecx, &edx) != 0 && ebx == signature_INTEL_ebx &&
           ecx == signature_INTEL_ecx && edx == signature_INTEL_edx;
#else
    return false;
#endif
}

} // namespace

const ReadingHabits& readingHabits(bool wide) {
    static const ReadingHabits& ofWide = fromIntel() ? kWideIntel : kWideZen;
    return wide ? ofWide : kNarrow;
}

} // namespace decodescope
