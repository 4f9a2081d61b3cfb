// SPDX-License-Identifier: Apache-2.0
#include "core/import/quality_csv.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/targets.h"

namespace decodescope::fuzz {

void qualityCsv(std::string_view bytes) {
    const auto studies = parseQualityCsv(bytes, "rows.csv");
    if (!studies) {
        const Error& error = studies.error();
        require(!error.what.empty() && !error.where.empty(), "an error says what and where");
        require(error.sentence().size() < 4096, "an error is short enough to be read");
        return;
    }
    require(!studies->empty(), "a table that is read has a study");
    for (const QualityStudy& study : *studies) {
        require(!study.citation.empty(), "no number stands without its citation");
        require(!study.metrics.empty() && !study.points.empty(), "a study has numbers");
        for (const QualityPoint& point : study.points) {
            require(point.kvBytesPerToken > 0, "a model of a study has a cache");
            require(point.values.size() == study.metrics.size(), "a value or none for each metric");
        }
    }
}

} // namespace decodescope::fuzz
