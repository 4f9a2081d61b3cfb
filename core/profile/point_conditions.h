// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/engine/device_conditions.h"

namespace decodescope {

/// What several readings of one quantity were.
struct ReadingRange {
    double usual = 0; ///< median
    double least = 0, most = 0;
    bool operator==(const ReadingRange&) const = default;
};

/// How the device ran while one point was measured. Absent where nothing tells.
struct PointConditions {
    std::optional<ReadingRange> smClockMhz, memoryClockMhz;
    std::optional<double> powerWatts;         ///< median
    std::optional<double> temperatureCelsius; ///< highest
    std::vector<std::string> throttleReasons; ///< each once, as they were first seen
    /// Of the whole device while it ran steps back to back, for one token of one sequence.
    std::optional<double> energyPerTokenJoules;
    bool operator==(const PointConditions&) const = default;
};

/// Adds their keys to a Sample's; of nothing all are null.
void writeConditions(nlohmann::json& json, const std::optional<PointConditions>& conditions);
/// Nothing where the record, or the device, tells nothing. Throws BadField for a wrong type.
[[nodiscard]] std::optional<PointConditions> readConditions(const nlohmann::json& json);

/// The clocks that were not the same throughout, and between what they changed: "SM clock changed
/// from 1,410 to 1,980 MHz".
[[nodiscard]] std::vector<std::string> changedClocks(const PointConditions& conditions);
/// What of it bears on a figure, for people: the clocks that changed, what held them down, and the
/// energy of a token.
[[nodiscard]] std::vector<std::string> remarks(const PointConditions& conditions);
/// All that is known, for people: "SM clock 1,980 MHz", "612 W", then the remarks.
[[nodiscard]] std::vector<std::string> describe(const PointConditions& conditions);

/// Gathers the readings of one point.
class ConditionsLog {
public:
    void add(const DeviceConditions& now);
    void setEnergyPerToken(double joules) { m_energyPerToken = joules; }
    /// Nothing where no reading told anything.
    [[nodiscard]] std::optional<PointConditions> summary() const;

private:
    std::vector<double> m_smClocks, m_memoryClocks, m_power, m_temperature;
    std::vector<std::string> m_reasons;
    std::optional<double> m_energyPerToken;
};

} // namespace decodescope
