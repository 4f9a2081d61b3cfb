// SPDX-License-Identifier: Apache-2.0
#include "app/cli/run_claims.h"

#include <algorithm>

#include "core/profile/claims.h"
#include "core/profile/measured_device.h"
#include "core/spec/presets.h"
#include "core/spec/quality.h"

namespace decodescope {

std::string claimsText(const RunRequest& request, const DeviceInfo& device,
                       std::span<const Sample> samples, bool whole) {
    if (samples.empty() || request.quickLook)
        return {};
    ClaimsInput input;
    input.model = request.model;
    input.device = measuredDevice(device);
    if (request.capacityBytes > 0)
        input.device.memoryBytes = request.capacityBytes;
    input.workload = request.workload;
    input.deployment = request.deployment;
    if (const auto& contexts = request.workload.contexts; !contexts.empty())
        input.context = *std::max_element(contexts.begin(), contexts.end());
    input.samples = samples;
    input.catalogue = devicePresets();
    const std::vector<PublishedPair> published = publishedPairs(publishedQuality());
    input.published = published;
    const std::vector<Claim> weighed = claims(input);
    return '\n' + (whole ? claimsList(weighed) : verdictsList(weighed));
}

} // namespace decodescope
