// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/memory_stack_data.h"

#include <algorithm>
#include <cmath>

namespace decodescope {

ComputedStack stackAt(const MemoryStackData& data, double context) {
    const auto after = std::lower_bound(data.computed.begin(), data.computed.end(), context,
                                        [](const ComputedStack& each, double at) {
                                            return static_cast<double>(each.context) < at;
                                        });
    if (after == data.computed.begin())
        return data.computed.front();
    if (after == data.computed.end())
        return data.computed.back();
    const ComputedStack& before = *(after - 1);
    const double share = (context - static_cast<double>(before.context)) /
                         static_cast<double>(after->context - before.context);
    ComputedStack between;
    between.context = std::llround(context);
    for (std::size_t i = 0; i < between.bytes.size(); ++i)
        between.bytes[i] = std::lerp(before.bytes[i], after->bytes[i], share);
    return between;
}

} // namespace decodescope
