// SPDX-License-Identifier: Apache-2.0
// Memory that is asked for before it is read; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_AHEAD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_AHEAD_INL_H
#undef DECODESCOPE_CPU_AHEAD_INL_H
#else
#define DECODESCOPE_CPU_AHEAD_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// Asks for memory that is soon read, a line at a time and at the pace of the work: a CPU drops
/// what is asked for while its buffers for misses are taken (on Zen 3 some 24 lines). Several
/// places are asked in turn: one stream of reads leaves part of a memory's channels and banks idle.
struct Ahead {
    static constexpr int kPlaces = 4;
    static constexpr std::int64_t kLine = 64;

    const std::byte* next = nullptr; ///< line of the first place
    std::int64_t apart = kLine;      ///< from each place to the next
    std::int64_t stride = kLine;     ///< between lines of one place
    std::int64_t due = 0;            ///< bytes that should have been asked for and were not
    std::int64_t step = 0;           ///< by which `due` grows with each pair of rows
    std::int64_t chunkBytes = 0;     ///< of rows that a sweep passes over

    /// Four places, or the four next lines of one.
    HWY_INLINE void restart(const std::byte* from) {
        restart(from, kLine);
        stride = kPlaces * kLine;
    }
    HWY_INLINE void restart(const std::byte* from, std::int64_t placesApart) {
        next = from;
        apart = placesApart;
        stride = kLine;
        due = 0;
    }
    static HWY_INLINE void ask(const std::byte* line) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
        // Into the second level: the round in work fills the first. Measured on Zen 4: 3 % of the
        // time of eight heads.
        __builtin_prefetch(line, 0, 2);
#else
        hwy::Prefetch(line);
#endif
    }
    /// As few instructions as can be: beside a busy neighbour a core has none to spare. With the
    /// addresses of the four places in memory (registers are taken) and the asking out of line, Zen
    /// 3 took 10 % longer for four heads, and 25 % for one whose keys were in the cache.
    template <int kTimes = 1>
    HWY_INLINE void advance() {
        due += kTimes * step;
        while (HWY_LIKELY(due >= kPlaces * kLine)) {
            ask(next);
            ask(next + apart);
            ask(next + 2 * apart);
            ask(next + 3 * apart);
            next += stride;
            due -= kPlaces * kLine;
        }
    }
};

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
