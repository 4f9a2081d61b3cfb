// SPDX-License-Identifier: Apache-2.0
#pragma once

// The kernels keep blocks of vectors in arrays, which vectors of unknown length do not allow; a
// CPU with SVE runs the NEON kernels.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
