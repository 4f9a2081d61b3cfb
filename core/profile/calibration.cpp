// SPDX-License-Identifier: Apache-2.0
#include "core/profile/calibration.h"

#include <cstdint>
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/profile/whole_file.h"
#include "core/spec/json_field.h"
#include "core/spec/units.h"
#include "core/spec/version.h"

namespace decodescope {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Clock = std::chrono::system_clock;

constexpr std::chrono::hours kStaleAfter{7 * 24};
constexpr std::uint64_t kMaxFileBytes = kMiB; ///< an entry takes some hundred bytes

std::int64_t secondsOf(Clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// What must be unchanged for old ceilings to count. Free memory is not part of it.
Json fingerprint(const DeviceInfo& device) {
    return {{"name", device.name},
            {"threads", device.threads},
            {"simd", device.simd},
            {"compute_capability", device.computeCapability},
            {"driver_version", device.driverVersion},
            {"memory_total_bytes", orNull(device.memoryTotalBytes)},
            {"tool_version", std::string(toolVersion())}};
}

/// The stored entries by device id; an empty object where there are none.
Json readEntries(const fs::path& file, std::string& note) {
    std::error_code ignored;
    if (file.empty() || !fs::exists(file, ignored)) {
        note = "never measured";
        return Json::object();
    }
    const Result<std::string> text = readWholeFile(file, kMaxFileBytes);
    if (!text) {
        note = text.error().sentence();
        return Json::object();
    }
    Json entries = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
    if (entries.is_object())
        return entries;
    note = fmt::format("{} is damaged and was passed over", file.string());
    return Json::object();
}

std::string ageInWords(std::int64_t seconds) {
    constexpr std::int64_t kHour = 3600;
    constexpr std::int64_t kDay = 24 * kHour;
    if (seconds < kHour)
        return "measured within the hour";
    if (seconds < 2 * kDay)
        return fmt::format("measured {} h ago", seconds / kHour);
    return fmt::format("measured {} days ago", seconds / kDay);
}

StoredCeilings readEntry(const Json& entry, const DeviceInfo& device, Clock::time_point now) {
    Json madeOf;
    readField(entry, "fingerprint", madeOf);
    if (madeOf != fingerprint(device))
        return {std::nullopt, "measured on another state of this machine or by another version"};
    std::int64_t measuredAt = 0;
    readField(entry, "measured_at_unix_seconds", measuredAt);
    const std::int64_t age = secondsOf(now) - measuredAt;
    if (age < 0 || age > std::chrono::seconds(kStaleAfter).count())
        return {std::nullopt, age < 0 ? "measured in the future: the clock was changed"
                                      : "measured more than a week ago"};
    Ceilings ceilings;
    readField(entry, "bandwidth_bytes_per_second", ceilings.bandwidthBytesPerSecond);
    readField(entry, "flop_per_second", ceilings.flopPerSecond);
    readField(entry, "threads", ceilings.threads);
    ceilings.measured = true;
    if (ceilings.bandwidthBytesPerSecond <= 0 || ceilings.flopPerSecond <= 0)
        throw BadField("a rate is not above zero");
    return {ceilings, ageInWords(age)};
}

} // namespace

fs::path calibrationFile() {
    constexpr const char* kPlace = "decodescope/calibration.json";
    // The XDG base directory specification: a relative path is to be ignored.
    if (const char* cache = std::getenv("XDG_CACHE_HOME"))
        if (const fs::path root(cache); root.is_absolute())
            return root / kPlace;
    if (const char* home = std::getenv("HOME"))
        if (const fs::path root(home); root.is_absolute())
            return root / ".cache" / kPlace;
    return {};
}

StoredCeilings loadCeilings(const DeviceInfo& device, const fs::path& file, Clock::time_point now) {
    StoredCeilings stored;
    const Json entries = readEntries(file, stored.note);
    const auto entry = entries.find(device.id);
    if (entry == entries.end()) {
        if (stored.note.empty())
            stored.note = "never measured";
        return stored;
    }
    try {
        return readEntry(*entry, device, now);
    } catch (const Json::exception& cause) {
        return {std::nullopt,
                fmt::format("{} is damaged and was passed over: {}", file.string(), cause.what())};
    }
}

Status storeCeilings(const DeviceInfo& device, const Ceilings& ceilings, const fs::path& file,
                     Clock::time_point now) {
    if (file.empty())
        return Done{};
    std::string note;
    Json entries = readEntries(file, note);
    entries[device.id] = {{"fingerprint", fingerprint(device)},
                          {"measured_at_unix_seconds", secondsOf(now)},
                          {"bandwidth_bytes_per_second", ceilings.bandwidthBytesPerSecond},
                          {"flop_per_second", ceilings.flopPerSecond},
                          {"threads", ceilings.threads}};
    std::error_code failure;
    fs::create_directories(file.parent_path(), failure); // a failure shows in the write
    constexpr int kIndent = 2;
    return writeWholeFile(file,
                          entries.dump(kIndent, ' ', false, Json::error_handler_t::replace) + "\n");
}

} // namespace decodescope
