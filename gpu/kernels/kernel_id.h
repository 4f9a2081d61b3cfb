// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/qualifiers.h"

namespace decodescope::gpu {

/// Names a kernel, on a GPU and where its source runs on the host.
struct KernelId {
    const char* name = ""; ///< "attend_packed"
    /// What it is compiled for, by its own meaning: format, padded head_dim, heads, …
    int variant[3] = {0, 0, 0};
};

constexpr bool operator==(const KernelId& a, const KernelId& b) {
    for (int i = 0; i < 3; ++i)
        if (a.variant[i] != b.variant[i])
            return false;
    int i = 0;
    while (a.name[i] != '\0' && a.name[i] == b.name[i])
        ++i;
    return a.name[i] == b.name[i];
}

// A kernel is a struct with
//   using Args               its one parameter, which is copied as bytes
//   kMostThreads             of a block, and
//   kLeastBlocks             how many such blocks the registers of an SM must suffice for: the
//                            launch bounds it is compiled with
//   static KernelId id()
//   static void run(args)    DECODESCOPE_DEVICE: what each thread does
//   kWaits                   true where run() calls waitForEarlierWork(), in every thread that
//                            reads or writes what other launches write or read; else it is called
//                            before run()
// and the kernels of one source are listed once, in a function
//   template <typename Table> void addXKernels(Table& table) { table.template add<Kernel>(); … }
// which its .cu compiles (kernel_entry.cuh) and the tests run on the host.

} // namespace decodescope::gpu
