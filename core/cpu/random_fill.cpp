// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/random_fill.h"

#include <algorithm>
#include <cstring>

#include "core/cpu/vector_targets.h"
#include "core/cpu/weight_panels.h"
#include "core/engine/float_bits.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/random_fill.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

/// words[i] = base + (mix of (seed, first + i) & mask): the mixer of MurmurHash3, counter-based so
/// that any thread can write any range.
void fillWords(std::uint32_t* words, std::int64_t count, std::uint32_t first, std::uint32_t seed,
               std::uint32_t base, std::uint32_t mask) {
    const hn::ScalableTag<std::uint32_t> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    auto counter = hn::Add(hn::Iota(d, 0), hn::Set(d, first));
    const auto step = hn::Set(d, static_cast<std::uint32_t>(lanes));
    const auto start = hn::Set(d, seed);
    std::int64_t at = 0;
    for (; at < count; at += lanes) {
        auto h = hn::Xor(hn::Mul(counter, hn::Set(d, 0x9E3779B1U)), start);
        h = hn::Mul(hn::Xor(h, hn::ShiftRight<16>(h)), hn::Set(d, 0x85EBCA6BU));
        h = hn::Mul(hn::Xor(h, hn::ShiftRight<13>(h)), hn::Set(d, 0xC2B2AE35U));
        h = hn::Xor(h, hn::ShiftRight<16>(h));
        h = hn::Add(hn::And(h, hn::Set(d, mask)), hn::Set(d, base));
        counter = hn::Add(counter, step);
        if (at + lanes <= count) {
            hn::StoreU(h, d, words + at);
            continue;
        }
        HWY_ALIGN std::uint32_t last[HWY_MAX_BYTES / sizeof(std::uint32_t)];
        hn::Store(h, d, last);
        std::copy_n(last, count - at, words + at);
    }
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace decodescope {
namespace {

HWY_EXPORT(fillWords);

/// Bits that are random (sign, lowest exponent bit, mantissa) and the rest: the exponent of 0.5.
struct Pattern {
    std::uint32_t base, mask;
};

Pattern patternOf(DataType type, int log2Scale) {
    if (inBlocks(type) || type == DataType::Int8)
        return {0, 0xFFFFFFFFU};
    const auto pair = [](std::uint32_t half) { return half << 16 | half; };
    if (type == DataType::F32)
        return {static_cast<std::uint32_t>(126 + log2Scale) << 23, 0x80FFFFFFU};
    if (type == DataType::F16)
        return {pair(static_cast<std::uint32_t>(14 + log2Scale) << 10), pair(0x87FFU)};
    return {pair(static_cast<std::uint32_t>(126 + log2Scale) << 7), pair(0x80FFU)};
}

std::uint32_t mixSeed(std::uint64_t seed, std::uint64_t chunk) {
    std::uint64_t z = seed + (chunk + 1) * 0x9E3779B97F4A7C15ULL; // splitmix64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return static_cast<std::uint32_t>(z >> 32);
}

/// f16 scales of [1, 2) × 2^(log2Scale − 7) for int8, which have a root mean square of 74, and
/// × 2^(log2Scale − 3) for nibbles with one of 4.6: values near 2^log2Scale. `together` blocks have
/// their scales side by side.
void writeScales(std::byte* blocks, std::uint64_t bytes, DataType type, int log2Scale,
                 std::uint64_t together) {
    const std::uint64_t groupBytes = info(type).blockBytes * together;
    const int exponent = 15 + log2Scale - (type == DataType::Q8_0 ? 7 : 3);
    std::uint16_t scale = 0;
    for (std::uint64_t at = 0; at + groupBytes <= bytes; at += groupBytes)
        for (std::uint64_t i = 0; i < together; ++i) {
            std::byte* place = blocks + at + i * sizeof(scale);
            std::memcpy(&scale, place, sizeof(scale));
            scale = static_cast<std::uint16_t>((scale & 0x3FFU) |
                                               static_cast<std::uint32_t>(exponent) << 10);
            std::memcpy(place, &scale, sizeof(scale));
        }
}

bool fillBlocks(ThreadPool& pool, std::span<std::byte> all, DataType type, std::uint64_t seed,
                int log2Scale, std::uint64_t together, const std::stop_token& stop) {
    constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 22; // two huge pages
    // A chunk is a whole number of blocks and of words.
    const std::uint64_t whole =
        inBlocks(type) ? std::max<std::uint64_t>(4, together) * info(type).blockBytes : 1;
    const std::uint64_t perChunk = kChunkBytes / whole * whole;
    const std::uint64_t chunks = (all.size() + perChunk - 1) / perChunk;
    return pool.run(static_cast<std::int64_t>(chunks), stop, [&](std::int64_t chunk, int) {
        const std::uint64_t at = static_cast<std::uint64_t>(chunk) * perChunk;
        const std::uint64_t bytes = std::min(perChunk, all.size() - at);
        fillRandomBytes(all.data() + at, bytes, type,
                        mixSeed(seed, static_cast<std::uint64_t>(chunk)), log2Scale);
        if (inBlocks(type))
            writeScales(all.data() + at, bytes, type, log2Scale, together);
    });
}

} // namespace

bool fillRandom(ThreadPool& pool, Buffer& buffer, DataType type, std::uint64_t seed, int log2Scale,
                const std::stop_token& stop) {
    return fillBlocks(pool, {buffer.data(), buffer.bytes()}, type, seed, log2Scale, 1, stop);
}

bool fillRandomPanels(ThreadPool& pool, std::span<std::byte> panels, DataType type,
                      std::uint64_t seed, int log2Scale, const std::stop_token& stop) {
    return fillBlocks(pool, panels, type, seed, log2Scale, kPanelRows, stop);
}

void fillRandomBytes(std::byte* at, std::uint64_t bytes, DataType type, std::uint64_t seed,
                     int log2Scale) {
    const Pattern pattern = patternOf(type, log2Scale);
    // A Buffer has room up to the next line: the last word may be begun.
    HWY_DYNAMIC_DISPATCH(fillWords)
    (reinterpret_cast<std::uint32_t*>(at),
     static_cast<std::int64_t>((bytes + 3) / sizeof(std::uint32_t)), 0, mixSeed(seed, 0),
     pattern.base, pattern.mask);
}

} // namespace decodescope
#endif
