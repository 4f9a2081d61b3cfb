// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace decodescope {

/// Reads every byte of a whole number of lines (64 bytes) once. What it returns depends on all of
/// them, so that no load is left out.
[[nodiscard]] float readStream(const float* from, std::int64_t floats);

/// A loop of one instruction in independent chains, all in registers. Returns the operations done
/// in `rounds` rounds of the chains, a multiply-add counted as two; `sink` depends on all of them.
using PeakLoop = double (*)(std::int64_t rounds, float seed, float& sink);

/// f32 multiply-adds of the instruction set that the kernels use.
[[nodiscard]] PeakLoop f32Loop();
/// The same multiply-adds with all that attention to a cache of f16 by `group` heads must do beside
/// them, and nothing else: each row is read from the first-level cache and converted, each factor
/// read. A round is one tile of keys of 128 numbers for a block of heads. What an exact kernel of
/// f32 arithmetic may hope for where memory is never waited for.
[[nodiscard]] PeakLoop f16FedLoop(std::int64_t group);
/// Dot products of bf16 pairs, summed in f32: AVX-512 BF16 or NEON BFDOT. nullptr where this CPU
/// has no such unit.
[[nodiscard]] PeakLoop bf16DotLoop();
/// Products of small matrices of bf16, summed in f32: Intel AMX. nullptr where this CPU has no such
/// unit or the system gives the process no room for its registers, which the first call asks for.
[[nodiscard]] PeakLoop bf16MatrixLoop();
/// The faster of the two.
[[nodiscard]] PeakLoop bf16Loop();
/// Dot products of four int8, summed in int32: AVX-512 VNNI, AVX-VNNI or NEON SDOT. With AVX2 alone
/// those of two numbers of 16 bits in two instructions (vpmaddwd, vpaddd), which kernels use as
/// well: each number counts as the two digits of 8 bits that the other units take it in. nullptr
/// where this CPU has none.
[[nodiscard]] PeakLoop int8DotLoop();

} // namespace decodescope
