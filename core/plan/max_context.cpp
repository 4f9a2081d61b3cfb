// SPDX-License-Identifier: Apache-2.0
#include "core/plan/max_context.h"

namespace decodescope {

std::int64_t maxContext(const ModelSpec& model, const Workload& workload, std::int64_t batch,
                        Scope scope, std::uint64_t capacityBytes) {
    const auto fits = [&](std::int64_t context) {
        return footprint(model, workload, context, batch, scope).totalBytes() <= capacityBytes;
    };
    if (!fits(1))
        return 0;
    // The footprint never shrinks as the context grows, windows included: bisection is exact.
    std::int64_t fit = 1;
    std::int64_t tooLong = 2;
    while (fits(tooLong)) {
        fit = tooLong;
        if (fit >= kUnboundedContext)
            return kUnboundedContext;
        tooLong *= 2;
    }
    while (tooLong - fit > 1) {
        const std::int64_t middle = fit + (tooLong - fit) / 2;
        (fits(middle) ? fit : tooLong) = middle;
    }
    return fit;
}

} // namespace decodescope
