// SPDX-License-Identifier: Apache-2.0
#include "core/plan/max_context.h"

namespace decodescope {

std::int64_t largestThatFits(const std::function<bool(std::int64_t)>& fits) {
    if (!fits(1))
        return 0;
    std::int64_t fit = 1;
    std::int64_t tooMany = 2;
    while (fits(tooMany)) {
        fit = tooMany;
        if (fit >= kUnboundedContext)
            return kUnboundedContext;
        tooMany *= 2;
    }
    while (tooMany - fit > 1) {
        const std::int64_t middle = fit + (tooMany - fit) / 2;
        (fits(middle) ? fit : tooMany) = middle;
    }
    return fit;
}

std::int64_t maxContext(const std::vector<RankLoad>& loads, const Engine& engine,
                        std::int64_t batch, std::uint64_t capacityBytes) {
    // No footprint shrinks as the context grows, windows included: bisection is exact.
    return largestThatFits([&](std::int64_t context) {
        return fullestRank(rankFootprints(loads, engine, context, batch)).totalBytes() <=
               capacityBytes;
    });
}

std::int64_t maxContext(const ModelSpec& model, const Workload& workload, std::int64_t batch,
                        Scope scope, std::uint64_t capacityBytes, const Deployment& deployment) {
    return maxContext(rankLoads(model, workload, deployment, scope), deployment.engine, batch,
                      capacityBytes);
}

} // namespace decodescope
