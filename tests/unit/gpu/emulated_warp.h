// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "gpu/kernels/fragments.h"
#include "gpu/kernels/kv_format.h"

/// What the lanes of an emulated warp do together (block_emulator.h).
namespace decodescope::gpu {

enum class Meeting : std::uint8_t {
    None,
    Barrier,
    Shuffle,
    Vote,
    Matrices,
    MatricesTransposed,
    Mma
};

/// What a thread waits for, and where the answer goes.
struct Request {
    Meeting meeting = Meeting::None;
    float value = 0;
    int mask = 0;
    bool condition = false;
    std::uint32_t offset = 0;
    std::uint32_t* registers = nullptr;
    float* sum = nullptr;
    const std::uint32_t* first = nullptr;
    std::array<std::uint32_t, 2> second{};
    KvFormat format = KvFormat::F16;
};

/// The requests of all lanes.
using Warp = std::array<Request*, kWarpLanes>;

/// An element of a pair of f16 (bf16 with KvFormat::BF16).
[[nodiscard]] float halfOf(KvFormat format, std::uint32_t word, int half);

/// Carries out what all lanes of `warp` wait for, which is no barrier. `sharedAt` finds 16 bytes of
/// shared memory by their offset. Returns by how much the worst phase of an ldmatrix had to read
/// its banks more often than once.
int performTogether(const Warp& warp, const std::function<std::byte*(std::uint32_t)>& sharedAt);

} // namespace decodescope::gpu
