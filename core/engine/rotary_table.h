// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace decodescope {

/// What a head's vector is rotated by at `position` (base 10000, halves paired as in GPT-NeoX):
/// [headDim / 2] cosines, then as many sines.
void rotaryTable(std::int64_t headDim, std::int64_t position, float* cosSin);

} // namespace decodescope
