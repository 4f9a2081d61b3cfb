// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/spec/data_type.h"

namespace decodescope {

/// How the matrix of a linear layer lies in memory: in panels of 16 rows, one after the other, and
/// in each the numbers of one column side by side. A vector then holds rows, so that no sum goes
/// across its lanes; an input is read once for 16 rows, and not once for each, which would push
/// the weights' next lines out of the first-level cache; and a panel is one long stream.
///
///   F32, F16, BF16  [column][row]
///   Q8_0            for each 32 columns 16 f16 scales, then [2 columns][row][column]
///   Q4_0            for each 32 columns 16 f16 scales, then [4 bytes of a row's 16][row][byte]
///
/// The last panel has rows of zeros where the matrix has no more.
constexpr std::int64_t kPanelRows = 16;

/// Bytes of a matrix, in whole lines of 64. `columns`: whole blocks of `type`.
[[nodiscard]] std::uint64_t panelBytes(DataType type, std::int64_t rows, std::int64_t columns);

/// `matrix`, row by row as model files have it, in panels: panelBytes() bytes that do not overlap
/// it. `type`: F32, F16, BF16, Q8_0 or Q4_0.
void packPanels(DataType type, const std::byte* matrix, std::int64_t rows, std::int64_t columns,
                std::byte* panels);

} // namespace decodescope
