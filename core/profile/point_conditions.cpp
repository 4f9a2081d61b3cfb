// SPDX-License-Identifier: Apache-2.0
#include "core/profile/point_conditions.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/profile/statistics.h"
#include "core/spec/json_field.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// A clock steps by 15 MHz or so all the time; beyond this a point's repetitions are of two paces.
constexpr double kClockChange = 0.03;

constexpr const char* kSmClock = "sm_clock";
constexpr const char* kMemoryClock = "memory_clock";

void addReading(std::vector<double>& readings, const std::optional<double>& reading) {
    if (reading)
        readings.push_back(*reading);
}

std::optional<ReadingRange> rangeOf(const std::vector<double>& readings) {
    if (readings.empty())
        return std::nullopt;
    const auto [least, most] = std::minmax_element(readings.begin(), readings.end());
    return ReadingRange{median(readings), *least, *most};
}

void writeClock(nlohmann::json& json, const std::string& key,
                const std::optional<ReadingRange>& range) {
    json[key + "_mhz"] = range ? nlohmann::json(range->usual) : nlohmann::json();
    json[key + "_min_mhz"] = range ? nlohmann::json(range->least) : nlohmann::json();
    json[key + "_max_mhz"] = range ? nlohmann::json(range->most) : nlohmann::json();
}

std::optional<double> readNumber(const nlohmann::json& json, const std::string& key) {
    std::optional<double> value;
    if (const auto found = json.find(key); found != json.end() && !found->is_null())
        readField(json, key.c_str(), value.emplace());
    return value;
}

std::optional<ReadingRange> readClock(const nlohmann::json& json, const std::string& key) {
    const std::optional<double> usual = readNumber(json, key + "_mhz");
    if (!usual)
        return std::nullopt;
    return ReadingRange{*usual, readNumber(json, key + "_min_mhz").value_or(*usual),
                        readNumber(json, key + "_max_mhz").value_or(*usual)};
}

std::string megahertz(double value) {
    return formatCount(std::llround(value));
}

bool changed(const std::optional<ReadingRange>& clock) {
    return clock && clock->most - clock->least > kClockChange * clock->usual;
}

/// Adds what a clock was, or how it changed.
void addSteady(std::vector<std::string>& out, const char* which,
               const std::optional<ReadingRange>& clock) {
    if (clock && !changed(clock))
        out.push_back(fmt::format("{} clock {} MHz", which, megahertz(clock->usual)));
}
void addChanged(std::vector<std::string>& out, const char* which,
                const std::optional<ReadingRange>& clock) {
    if (changed(clock))
        out.push_back(fmt::format("{} clock changed from {} to {} MHz", which,
                                  megahertz(clock->least), megahertz(clock->most)));
}

} // namespace

void writeConditions(nlohmann::json& json, const std::optional<PointConditions>& conditions) {
    const PointConditions known = conditions.value_or(PointConditions{});
    writeClock(json, kSmClock, known.smClockMhz);
    writeClock(json, kMemoryClock, known.memoryClockMhz);
    json["power_w"] = orNull(known.powerWatts);
    json["temperature_c"] = orNull(known.temperatureCelsius);
    json["throttle_reasons"] =
        conditions ? nlohmann::json(known.throttleReasons) : nlohmann::json();
    json["energy_per_token_j"] = orNull(known.energyPerTokenJoules);
}

std::optional<PointConditions> readConditions(const nlohmann::json& json) {
    PointConditions read;
    read.smClockMhz = readClock(json, kSmClock);
    read.memoryClockMhz = readClock(json, kMemoryClock);
    read.powerWatts = readNumber(json, "power_w");
    read.temperatureCelsius = readNumber(json, "temperature_c");
    readFieldIfThere(json, "throttle_reasons", read.throttleReasons);
    read.energyPerTokenJoules = readNumber(json, "energy_per_token_j");
    if (read == PointConditions{})
        return std::nullopt;
    return read;
}

std::vector<std::string> changedClocks(const PointConditions& conditions) {
    std::vector<std::string> out;
    addChanged(out, "SM", conditions.smClockMhz);
    addChanged(out, "memory", conditions.memoryClockMhz);
    return out;
}

std::vector<std::string> remarks(const PointConditions& conditions) {
    std::vector<std::string> out = changedClocks(conditions);
    if (!conditions.throttleReasons.empty())
        out.push_back(fmt::format("held down by: {}", fmt::join(conditions.throttleReasons, ", ")));
    if (conditions.energyPerTokenJoules)
        out.push_back(fmt::format("{:.3g} J a token", *conditions.energyPerTokenJoules));
    return out;
}

std::vector<std::string> describe(const PointConditions& conditions) {
    std::vector<std::string> out;
    addSteady(out, "SM", conditions.smClockMhz);
    addSteady(out, "memory", conditions.memoryClockMhz);
    if (conditions.powerWatts)
        out.push_back(fmt::format("{:.0f} W", *conditions.powerWatts));
    if (conditions.temperatureCelsius)
        out.push_back(fmt::format("{:.0f} °C", *conditions.temperatureCelsius));
    const std::vector<std::string> others = remarks(conditions);
    out.insert(out.end(), others.begin(), others.end());
    return out;
}

void ConditionsLog::add(const DeviceConditions& now) {
    addReading(m_smClocks, now.smClockMhz);
    addReading(m_memoryClocks, now.memoryClockMhz);
    addReading(m_power, now.powerWatts);
    addReading(m_temperature, now.temperatureCelsius);
    for (const std::string& reason : now.throttleReasons)
        if (std::find(m_reasons.begin(), m_reasons.end(), reason) == m_reasons.end())
            m_reasons.push_back(reason);
}

std::optional<PointConditions> ConditionsLog::summary() const {
    PointConditions out;
    out.smClockMhz = rangeOf(m_smClocks);
    out.memoryClockMhz = rangeOf(m_memoryClocks);
    if (!m_power.empty())
        out.powerWatts = median(m_power);
    if (!m_temperature.empty())
        out.temperatureCelsius = *std::max_element(m_temperature.begin(), m_temperature.end());
    out.throttleReasons = m_reasons;
    out.energyPerTokenJoules = m_energyPerToken;
    if (out == PointConditions{})
        return std::nullopt;
    return out;
}

} // namespace decodescope
