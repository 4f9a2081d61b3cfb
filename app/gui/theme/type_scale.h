// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFont>

namespace decodescope {

/// The sizes of text there are, from small to large.
enum class TextSize {
    Note,    ///< captions and remarks
    Body,    ///< what the platform has
    Heading, ///< names of parts: as large as the body, heavier
    Title,   ///< the second thing to read
    Figure   ///< the answer: to be read from across a desk
};

/// The platform's font in this size.
[[nodiscard]] QFont textFont(TextSize size);

/// Distances are multiples of 4 px, margins of 8.
inline constexpr int kHalfStep = 4;
inline constexpr int kStep = 8;

} // namespace decodescope
