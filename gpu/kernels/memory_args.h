// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "gpu/kernels/kernel_id.h"
#include "gpu/kernels/random_content.h"

/// What the host must know of the kernels that only write or only read. Their grids have any number
/// of blocks, which they are told, of at most kMemoryThreads threads.
namespace decodescope::gpu {

inline constexpr int kMemoryThreads = 256;

inline constexpr KernelId kFillRandom{"fill_random"};
struct FillArgs {
    std::uint64_t* to = nullptr;
    std::int64_t words = 0;
    std::int32_t blocks = 1;
    RandomContent content;
};

inline constexpr KernelId kReadStream{"read_stream"};
struct ReadArgs {
    const std::byte* from = nullptr; ///< 16-byte aligned
    std::int64_t chunks = 0;         ///< of 16 bytes
    std::int32_t blocks = 1;
    std::uint32_t* sink = nullptr; ///< one word, so that what is read is used
};

/// A kernel that does nothing.
inline constexpr KernelId kNothing{"nothing"};
struct NothingArgs {};

} // namespace decodescope::gpu
