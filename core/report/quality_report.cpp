// SPDX-License-Identifier: Apache-2.0
#include "core/report/quality_report.h"

#include <nlohmann/json.hpp>

#include "core/report/csv.h"

namespace decodescope {

std::string qualityCsv(std::span<const QualityStudy> studies) {
    std::vector<nlohmann::json> records;
    for (const QualityStudy& study : studies)
        for (const QualityPoint& point : study.points)
            for (std::size_t i = 0; i < study.metrics.size(); ++i)
                if (point.values[i])
                    records.push_back({{"study", study.title},
                                       {"citation", study.citation},
                                       {"note", study.note},
                                       {"metric", study.metrics[i].name},
                                       {"better", betterName(study.metrics[i].higherIsBetter)},
                                       {"model", point.model},
                                       {"attention", point.attention},
                                       {"kv_bytes_per_token", point.kvBytesPerToken},
                                       {"value", *point.values[i]}});
    return toCsv(kQualityColumns, records);
}

} // namespace decodescope
