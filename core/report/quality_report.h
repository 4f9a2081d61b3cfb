// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "core/spec/quality.h"

namespace decodescope {

/// Studies as the CSV table that parseQualityCsv() reads, one line a number, numbers in the C
/// locale.
[[nodiscard]] std::string qualityCsv(std::span<const QualityStudy> studies);

} // namespace decodescope
