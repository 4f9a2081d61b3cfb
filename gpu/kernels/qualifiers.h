// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a function of a kernel is qualified. Without a CUDA compiler the same source is plain C++, so
// that index arithmetic and whole kernels are tested on a machine without a GPU. This folder is
// C++17: CMake 3.25 knows no later standard for CUDA.
#if defined(__CUDACC__)
#define DECODESCOPE_HOST_DEVICE __host__ __device__
#define DECODESCOPE_DEVICE __device__ __forceinline__
#else
#define DECODESCOPE_HOST_DEVICE
#define DECODESCOPE_DEVICE inline
#endif
