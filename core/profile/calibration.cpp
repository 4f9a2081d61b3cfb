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
using WallClock = std::chrono::system_clock;

constexpr std::chrono::hours kStaleAfter{7 * 24};
constexpr std::uint64_t kMaxFileBytes = kMiB; ///< an entry takes some hundred bytes

/// Of an entry. What an older program wrote has fewer figures, and counts as stale.
constexpr int kFormat = 2;

/// A rate below this part of what the device once reached is worth a note.
constexpr double kSlowedDown = 0.75;

std::int64_t secondsOf(WallClock::time_point time) {
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

/// An entry that counts.
struct Entry {
    Ceilings ceilings;
    std::int64_t measuredAt = 0; ///< Unix time in seconds
};

/// The entry, or the reason why it does not count. Throws nlohmann::json::exception.
Result<Entry> readEntry(const Json& json, const DeviceInfo& device, WallClock::time_point now) {
    const auto stale = [](const char* why) {
        return Error{ErrorCode::FileUnreadable, why, "", ""};
    };
    Json madeOf;
    readField(json, "fingerprint", madeOf);
    int format = 1;
    readFieldIfThere(json, "format", format);
    if (madeOf != fingerprint(device) || format != kFormat)
        return stale("measured on another state of this machine or by another version");
    Entry entry;
    readField(json, "measured_at_unix_seconds", entry.measuredAt);
    const std::int64_t age = secondsOf(now) - entry.measuredAt;
    if (age < 0)
        return stale("measured in the future: the clock was changed");
    if (age > std::chrono::seconds(kStaleAfter).count())
        return stale("measured more than a week ago");
    readField(json, "ceilings", entry.ceilings);
    if (entry.ceilings.bandwidthBytesPerSecond <= 0 || entry.ceilings.flopPerSecond <= 0)
        throw BadField("a rate is not above zero");
    return entry;
}

/// The device's entry among all, where there is one that counts.
std::optional<Entry> entryOf(const Json& entries, const DeviceInfo& device,
                             WallClock::time_point now) {
    const auto found = entries.find(device.id);
    if (found == entries.end())
        return std::nullopt;
    try {
        const Result<Entry> entry = readEntry(*found, device, now);
        return entry ? std::optional(*entry) : std::nullopt;
    } catch (const Json::exception&) {
        return std::nullopt; // damaged: it is replaced
    }
}

Status writeEntries(const Json& entries, const fs::path& file) {
    std::error_code failure;
    fs::create_directories(file.parent_path(), failure); // a failure shows in the write
    constexpr int kIndent = 2;
    return writeWholeFile(file,
                          entries.dump(kIndent, ' ', false, Json::error_handler_t::replace) + "\n");
}

/// "reads at 61 %", or nothing where the rate is near what it was.
std::string slowedDown(const char* what, double now, double best) {
    if (best <= 0 || now >= kSlowedDown * best)
        return "";
    return fmt::format("{} at {:.0f} %", what, 100 * now / best);
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

StoredCeilings loadCeilings(const DeviceInfo& device, const fs::path& file,
                            WallClock::time_point now) {
    StoredCeilings stored;
    const Json entries = readEntries(file, stored.note);
    const auto entry = entries.find(device.id);
    if (entry == entries.end()) {
        if (stored.note.empty())
            stored.note = "never measured";
        return stored;
    }
    try {
        const Result<Entry> read = readEntry(*entry, device, now);
        if (!read)
            return {std::nullopt, read.error().what};
        return {read->ceilings, ageInWords(secondsOf(now) - read->measuredAt)};
    } catch (const Json::exception& cause) {
        return {std::nullopt,
                fmt::format("{} is damaged and was passed over: {}", file.string(), cause.what())};
    }
}

Status storeCeilings(const DeviceInfo& device, const Ceilings& ceilings, CalibrationKind kind,
                     const fs::path& file, WallClock::time_point now) {
    if (file.empty())
        return Done{};
    std::string note;
    Json entries = readEntries(file, note);
    Entry entry{ceilings, secondsOf(now)};
    const std::optional<Entry> held = entryOf(entries, device, now);
    if (held && held->ceilings.threads == ceilings.threads) {
        entry.ceilings = bestOf(ceilings, held->ceilings);
        if (kind == CalibrationKind::InRun)
            entry.measuredAt = held->measuredAt;
    }
    entries[device.id] = {{"format", kFormat},
                          {"fingerprint", fingerprint(device)},
                          {"measured_at_unix_seconds", entry.measuredAt},
                          {"ceilings", entry.ceilings}};
    return writeEntries(entries, file);
}

Status forgetCeilings(const DeviceInfo& device, const fs::path& file) {
    std::error_code ignored;
    if (file.empty() || !fs::exists(file, ignored))
        return Done{};
    std::string note;
    Json entries = readEntries(file, note);
    entries.erase(device.id);
    return writeEntries(entries, file);
}

RunRoofs roofsOfRun(const Ceilings& measured, const std::optional<Ceilings>& stored) {
    if (!stored || !stored->measured || stored->threads != measured.threads)
        return {measured, ""};
    RunRoofs roofs{bestOf(measured, *stored), ""};
    // Of this moment, not the best ever: it tells how long making decoders takes now.
    roofs.ceilings.fillBytesPerSecond = measured.fillBytesPerSecond;
    std::string slow =
        slowedDown("reads", measured.bandwidthBytesPerSecond, stored->bandwidthBytesPerSecond);
    const std::string computes =
        slowedDown("computes", measured.flopPerSecond, stored->flopPerSecond);
    if (!slow.empty() && !computes.empty())
        slow += " and ";
    slow += computes;
    if (!slow.empty())
        roofs.note = fmt::format("this device {} of what it reached before: it may be busy, hot or "
                                 "saving power",
                                 slow);
    return roofs;
}

} // namespace decodescope
