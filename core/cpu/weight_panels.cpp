// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/weight_panels.h"

#include <algorithm>

#include "core/engine/float_bits.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// What stays together of one block of one row.
struct BlockParts {
    std::int64_t bytes;      ///< of a block
    std::int64_t scaleBytes; ///< at its start
    std::int64_t pieceBytes; ///< of the pieces the rest is in
};

BlockParts partsOf(DataType type) {
    const auto bytes = static_cast<std::int64_t>(info(type).blockBytes);
    if (!inBlocks(type))
        return {bytes, 0, bytes};
    return {bytes, 2, type == DataType::Q8_0 ? 2 : 4};
}

std::int64_t panelsOf(std::int64_t rows) {
    return (rows + kPanelRows - 1) / kPanelRows;
}

} // namespace

std::uint64_t panelBytes(DataType type, std::int64_t rows, std::int64_t columns) {
    constexpr std::uint64_t kLine = 64;
    const std::uint64_t bytes =
        saturatingMultiply(static_cast<std::uint64_t>(panelsOf(rows) * kPanelRows),
                           storedBytes(type, static_cast<std::uint64_t>(columns)));
    return saturatingAdd(bytes, kLine - 1) / kLine * kLine;
}

void packPanels(DataType type, const std::byte* matrix, std::int64_t rows, std::int64_t columns,
                std::byte* panels) {
    const BlockParts parts = partsOf(type);
    const std::int64_t blocks = columns / static_cast<std::int64_t>(info(type).blockElements);
    std::fill_n(panels, panelBytes(type, rows, columns), std::byte{0});
    for (std::int64_t row = 0; row < rows; ++row) {
        const std::int64_t inPanel = row % kPanelRows;
        std::byte* to = panels + (row - inPanel) * blocks * parts.bytes;
        for (std::int64_t block = 0; block < blocks; ++block, to += kPanelRows * parts.bytes) {
            const std::byte* from = matrix + (row * blocks + block) * parts.bytes;
            std::copy_n(from, parts.scaleBytes, to + inPanel * parts.scaleBytes);
            for (std::int64_t at = parts.scaleBytes; at < parts.bytes; at += parts.pieceBytes)
                std::copy_n(from + at, parts.pieceBytes,
                            to + at * kPanelRows + inPanel * parts.pieceBytes);
        }
    }
}

} // namespace decodescope
