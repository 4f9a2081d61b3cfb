// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/claims_builder.h"

#include "app/gui/models/session.h"
#include "core/spec/presets.h"
#include "core/spec/quality.h"

namespace decodescope {

std::vector<Claim> claimsOf(const Session& session) {
    const Configuration& configuration = session.configuration();
    const Result<ModelSpec> model = effectiveModel(configuration);
    ClaimsInput input;
    input.model = model ? *model : configuration.model;
    input.device = session.planDevice();
    input.workload = configuration.workload;
    input.deployment = session.deployment();
    input.context = chosenContext(configuration.workload);
    if (!session.planOnly())
        input.samples = session.samples();
    input.catalogue = devicePresets();
    const std::vector<PublishedPair> published = publishedPairs(publishedQuality());
    input.published = published;
    return claims(input);
}

} // namespace decodescope
