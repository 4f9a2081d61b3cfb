// SPDX-License-Identifier: Apache-2.0
#include "core/spec/quality.h"

#include <cassert>

#include <nlohmann/json.hpp>

#include "resources/qualityJson.h"

namespace decodescope {
namespace {

using nlohmann::json;

QualityStudy studyOf(const json& entry) {
    QualityStudy study;
    study.title = entry.at("title");
    study.citation = entry.at("citation");
    study.note = entry.at("note");
    for (const json& metric : entry.at("metrics")) {
        const std::optional<bool> higher = parseBetter(metric.at("better").get<std::string>());
        assert(higher);
        study.metrics.push_back({metric.at("name"), *higher});
    }
    for (const json& point : entry.at("points")) {
        study.points.push_back(
            {point.at("model"), point.at("attention"), point.at("kv_bytes_per_token"), {}});
        for (const json& value : point.at("values"))
            study.points.back().values.push_back(
                value.is_null() ? std::nullopt : std::optional(value.get<double>()));
        assert(study.points.back().values.size() == study.metrics.size());
    }
    return study;
}

} // namespace

std::string_view betterName(bool higherIsBetter) {
    return higherIsBetter ? "higher" : "lower";
}

std::optional<bool> parseBetter(std::string_view text) {
    for (const bool higher : {true, false})
        if (text == betterName(higher))
            return higher;
    return std::nullopt;
}

std::span<const QualityStudy> publishedQuality() {
    static const std::vector<QualityStudy> studies = [] {
        std::vector<QualityStudy> all;
        const json file = json::parse(resources::qualityJson);
        for (const json& entry : file.at("studies"))
            all.push_back(studyOf(entry));
        return all;
    }();
    return studies;
}

} // namespace decodescope
