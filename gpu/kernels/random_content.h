// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "gpu/kernels/qualifiers.h"

namespace decodescope::gpu {

/// 64 random bits, the same for the same seed and index wherever they are computed: the mixer of
/// splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
DECODESCOPE_HOST_DEVICE constexpr std::uint64_t randomBits(std::uint64_t seed,
                                                           std::uint64_t index) {
    std::uint64_t bits = seed + (index + 1) * 0x9E3779B97F4A7C15ULL;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9ULL;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBULL;
    return bits ^ (bits >> 31);
}

/// Random elements of one type, in words of 64 bits: of each element some bits are random, the
/// others those of `base`.
struct RandomContent {
    std::uint64_t base = 0;
    std::uint64_t mask = ~std::uint64_t{0};
    std::uint64_t seed = 0;

    /// Word `index` of the content.
    [[nodiscard]] DECODESCOPE_HOST_DEVICE constexpr std::uint64_t word(std::uint64_t index) const {
        return base + (randomBits(seed, index) & mask);
    }
};

} // namespace decodescope::gpu
