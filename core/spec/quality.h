// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope {

/// One number that a study reports of its models.
struct QualityMetric {
    std::string name; ///< "perplexity"
    bool higherIsBetter = true;
    bool operator==(const QualityMetric&) const = default;
};

/// One model of a study.
struct QualityPoint {
    std::string model;                         ///< as the study calls it
    std::string attention;                     ///< "mha", "gqa", "mqa", "mla", …; may be empty
    std::uint64_t kvBytesPerToken = 0;         ///< of the whole model, above 0
    std::vector<std::optional<double>> values; ///< one a metric; absent: not reported
    bool operator==(const QualityPoint&) const = default;
};

/// What somebody measured of models that differ in their KV cache. Only numbers of one study may be
/// compared.
struct QualityStudy {
    std::string title;
    std::string citation; ///< never empty: no number is shown without it
    std::string note;     ///< what else differed, how often it was run; may be empty
    bool own = false;     ///< imported by the user
    std::vector<QualityMetric> metrics;
    std::vector<QualityPoint> points;
    bool operator==(const QualityStudy&) const = default;
};

/// "higher" or "lower": which way a metric is better, in files.
[[nodiscard]] std::string_view betterName(bool higherIsBetter);
[[nodiscard]] std::optional<bool> parseBetter(std::string_view text);

/// The columns of a table of quality numbers, one line a number. Those of `kOptionalQualityColumns`
/// may be missing when it is read.
inline constexpr std::string_view kQualityColumns[] = {
    "study",     "citation",           "note", "metric", "better", "model",
    "attention", "kv_bytes_per_token", "value"};
inline constexpr std::string_view kOptionalQualityColumns[] = {"note", "attention"};

/// The published studies of resources/quality.json, in file order. Parsed once, then shared.
[[nodiscard]] std::span<const QualityStudy> publishedQuality();

} // namespace decodescope
