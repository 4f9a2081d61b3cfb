// SPDX-License-Identifier: Apache-2.0
#pragma once

// AVX-512, AVX2, NEON and the portable path. The kernels keep blocks of vectors in arrays, which
// vectors of unknown length do not allow: a CPU with SVE runs the NEON kernels. x86 CPUs without
// AVX2 are from before 2013, and each target takes half a minute to compile.
#define HWY_DISABLED_TARGETS                                                                       \
    (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV | HWY_SSSE3 | HWY_SSE4)
