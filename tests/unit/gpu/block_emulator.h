// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

/// Runs a kernel's source on the host, as a GPU would: each thread of a block is a fibre, the lanes
/// of a warp meet at every shuffle, vote and matrix operation, and the threads of a block at every
/// barrier. It defines the functions of gpu/kernels/device_ops.h, and is stricter than hardware:
///   - lanes of a warp that meet at different operations, or threads that leave a barrier waiting,
///     are reported;
///   - a copy to shared memory arrives when it is waited for and no sooner;
///   - shared memory starts as NaN, and an access beyond it is reported.
namespace decodescope::gpu {

struct Grid {
    int x = 1, y = 1, z = 1;
};

/// Runs `kernel` once for each thread of each block. Throws std::runtime_error where the kernel did
/// what a GPU would not forgive.
void emulate(Grid grid, int threads, std::size_t sharedBytes, const std::function<void()>& kernel);

/// Of the last emulate(): the most groups of four banks that had to be read twice in one phase of
/// an ldmatrix; 0 where no read conflicted.
[[nodiscard]] int bankConflicts();

} // namespace decodescope::gpu
