// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace decodescope {

/// Memory of this machine before the worker has said what may be used of it: the system's own
/// count, in bytes. Absent where the system has no such question.
[[nodiscard]] std::optional<std::uint64_t> guessedMemoryBytes();

} // namespace decodescope
