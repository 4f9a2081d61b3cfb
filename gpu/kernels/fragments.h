// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/qualifiers.h"

/// Which element of a matrix each lane of a warp holds for mma.sync m16n8k16 with 16-bit factors
/// (PTX ISA, "Matrix Fragments for mma.m16n8k16"), and which row each lane names for the ldmatrix
/// that fetches it. A lane's row is lane / 4 and its column pair lane % 4 in what follows.
///
/// Attention has two products. Scores: queries [heads × head_dim] times keys transposed
/// [head_dim × tokens]. Output: weights [heads × tokens] times values [tokens × head_dim]. Keys and
/// values both lie in shared memory as [token][head_dim]; an ldmatrix of eight rows of 16 bytes
/// gives the factor of the first, a transposing one that of the second.
namespace decodescope::gpu {

inline constexpr int kWarpLanes = 32;
inline constexpr int kMmaRows = 16, kMmaColumns = 8, kMmaDepth = 16;

/// A row and a column of a matrix, or a row and a 16-byte chunk of a tile.
struct Place {
    int row = 0;
    int column = 0;
};

/// Of the first factor [16 × 16]: element `half` (0, 1) of register `reg` (0 … 3).
DECODESCOPE_HOST_DEVICE constexpr Place firstFactorPlace(int lane, int reg, int half) {
    return {lane / 4 + 8 * (reg % 2), 8 * (reg / 2) + 2 * (lane % 4) + half};
}

/// Of the second factor [16 × 8]: element `half` of register `reg` (0, 1).
DECODESCOPE_HOST_DEVICE constexpr Place secondFactorPlace(int lane, int reg, int half) {
    return {8 * reg + 2 * (lane % 4) + half, lane / 4};
}

/// Of the sum [16 × 8]: register `reg` (0 … 3).
DECODESCOPE_HOST_DEVICE constexpr Place sumPlace(int lane, int reg) {
    return {lane / 4 + 8 * (reg / 2), 2 * (lane % 4) + reg % 2};
}

/// Row and chunk that `lane` names in an ldmatrix.x4 of 16 query heads × 16 of head_dim, whose
/// registers are then a first factor. Counted from the fragment's first row and chunk.
DECODESCOPE_HOST_DEVICE constexpr Place queryMatrixPlace(int lane) {
    return {lane % 16, lane / 16};
}

/// Row (token) and chunk that `lane` names in an ldmatrix.x4 of 16 keys × 2 chunks. Registers 0
/// and 1 belong to the first eight tokens, 2 and 3 to the others. 16-bit keys: the two are the two
/// registers of a second factor. 8-bit keys: each is a second factor of its own (keySlot()).
DECODESCOPE_HOST_DEVICE constexpr Place keyMatrixPlace(int lane) {
    return {lane % 8 + 8 * (lane / 16), lane / 8 % 2};
}

/// Row (token) and chunk that `lane` names in a transposing ldmatrix.x4 of 16 values × 2 chunks.
/// Registers 0 and 1 belong to the first chunk, 2 and 3 to the second, and are the two registers of
/// a second factor. With 8-bit values a register has two columns, its even and its odd bytes: two
/// second factors (outputDim()).
DECODESCOPE_HOST_DEVICE constexpr Place valueMatrixPlace(int lane) {
    return {lane % 16, lane / 16};
}

/// Where element `dim` of a query is kept so that it meets the same element of a key. A lane reads
/// four successive 8-bit elements at once, which become slots 2t, 2t + 1 and 2t + 8, 2t + 9 of the
/// 16 (t = lane % 4): a sum may be taken in any order, if both factors keep to it.
DECODESCOPE_HOST_DEVICE constexpr int querySlot(int elementBytes, int dim) {
    if (elementBytes == 2)
        return dim;
    const int within = dim % 16;
    return dim - within + within / 4 * 2 + within % 4 / 2 * 8 + within % 2;
}

/// Which element of head_dim column `column` (0 … 7) of output tile `tile` is. With 8-bit values
/// tiles 2c and 2c + 1 are the even and the odd elements of chunk c.
DECODESCOPE_HOST_DEVICE constexpr int outputDim(int elementBytes, int tile, int column) {
    return elementBytes == 2 ? kMmaColumns * tile + column
                             : 16 * (tile / 2) + 2 * column + tile % 2;
}

} // namespace decodescope::gpu
