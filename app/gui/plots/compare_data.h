// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include <QString>

#include "app/gui/theme/theme.h"

namespace decodescope {

/// What became of a configuration since the baseline.
enum class Change { Faster, Slower, NoDifference, NotComparable };

/// One configuration of which both sides know the speed.
struct ComparedMark {
    QString label;  ///< of the variant: "GQA-8"
    QString series; ///< what is one line of marks: the variant and, where they differ, more
    SeriesSlot slot = SeriesSlot::Extra;
    bool visible = true;
    std::int64_t context = 0, batch = 1;
    double before = 0, now = 0; ///< tokens/s
    double ratio = 1;           ///< now / before
    double low = 0, high = 0;   ///< 95 % interval of the ratio; 0 and 0: not known
    Change change = Change::NotComparable;
    [[nodiscard]] bool hasInterval() const { return high > 0; }
};

/// What the comparison's chart shows.
struct CompareData {
    QString baseline, now; ///< names of the sides
    bool planned = false;  ///< predictions on both sides
    std::vector<ComparedMark> marks;
    int notCompared = 0; ///< configurations that only one side has, or knows the speed of
};

[[nodiscard]] QString changeText(Change change); ///< "no difference shown"
/// "1.12×", and with the interval "1.12× (1.10 to 1.14)".
[[nodiscard]] QString ratioText(double ratio);
[[nodiscard]] QString ratioText(const ComparedMark& mark);
/// "5 faster, 1 slower, 2 with no difference shown, 3 not comparable"; what does not occur is left
/// out.
[[nodiscard]] QString countsText(const CompareData& data);

} // namespace decodescope
