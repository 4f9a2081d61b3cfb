// SPDX-License-Identifier: Apache-2.0
#include "core/profile/recording.h"

#include <algorithm>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/profile/whole_file.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// Text below this size is read by one thread.
constexpr std::size_t kWorthAThread = std::size_t{1} << 20;
constexpr std::uint64_t kMaxFileBytes = 4 * kGiB; ///< a week of lines
constexpr std::uint64_t kLookedAt = 4 * kKiB;     ///< to tell a recording from something else
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Visitor {
    Recording& recording;

    void operator()(RunStarted run) const {
        recording.runs.push_back(std::move(run));
        recording.complete = false; // of the joined runs, the last decides
        recording.failed.reset();
    }
    void operator()(Progress progress) const { recording.progress.push_back(std::move(progress)); }
    void operator()(const MemoryEvent& memory) const { recording.memory.push_back(memory); }
    void operator()(CalibrationEvent calibration) const {
        recording.calibrations.push_back(std::move(calibration));
    }
    void operator()(Skipped skipped) const { recording.skipped.push_back(std::move(skipped)); }
    void operator()(RunFailed failed) const { recording.failed = std::move(failed); }
    void operator()(const RunDone& done) const { recording.complete = !done.partial; }
    void operator()(Sample sample) const { recording.samples.push_back(std::move(sample)); }
    void operator()(const DeviceFound&) const {} // no part of a run
    void operator()(const ProbeResult&) const {}
};

/// The events of some lines, up to the first that is wrong.
struct Chunk {
    std::vector<Event> events;
    std::size_t lines = 0; ///< read, the wrong one included
    std::optional<Error> error;
};

bool isBlank(std::string_view line) {
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// Reads lines; `text` ends with a line end, or at the end of the file, where a cut line is
/// passed over.
Chunk readLines(std::string_view text) {
    Chunk chunk;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const bool cut = end == std::string_view::npos;
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(cut ? text.size() : end + 1);
        ++chunk.lines;
        if (isBlank(line) || (cut && !nlohmann::json::accept(line)))
            continue;
        Result<Event> event = parseLine(line);
        if (event)
            chunk.events.push_back(std::move(*event));
        else if (!event.error().what.empty()) {
            chunk.error = event.error();
            break;
        }
    }
    return chunk;
}

/// Cuts `text` behind a line end into parts of about the same size, one for each thread.
std::vector<std::string_view> parts(std::string_view text) {
    const std::size_t threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 16);
    const std::size_t count = std::clamp<std::size_t>(text.size() / kWorthAThread, 1, threads);
    std::vector<std::string_view> out;
    for (std::size_t left = count; left > 1 && !text.empty(); --left) {
        const std::size_t end = text.find('\n', text.size() / left);
        if (end == std::string_view::npos)
            break;
        out.push_back(text.substr(0, end + 1));
        text.remove_prefix(end + 1);
    }
    out.push_back(text);
    return out;
}

Error inFile(Error error, const std::filesystem::path& path, const std::string& place) {
    error.where = fmt::format("{}, {}", path.string(), place);
    error.hint = "A recording holds one JSON object a line, as `run --stream` writes them.";
    return error;
}

Status addLines(std::string_view text, const std::filesystem::path& path, Recording& recording) {
    const std::vector<std::string_view> all = parts(text);
    // A file that is one part is read by the thread that asks.
    const auto launch = all.size() > 1 ? std::launch::async : std::launch::deferred;
    std::vector<std::future<Chunk>> pending;
    pending.reserve(all.size());
    for (const std::string_view part : all)
        pending.push_back(std::async(launch, readLines, part));
    std::size_t linesBefore = 0;
    for (std::future<Chunk>& each : pending) {
        Chunk chunk = each.get();
        if (chunk.error)
            return inFile(*chunk.error, path, fmt::format("line {}", linesBefore + chunk.lines));
        linesBefore += chunk.lines;
        for (Event& event : chunk.events)
            recording.add(std::move(event));
    }
    return Done{};
}

Status addArray(std::string_view text, const std::filesystem::path& path, Recording& recording) {
    nlohmann::json array;
    try {
        array = nlohmann::json::parse(text);
    } catch (const nlohmann::json::parse_error& cause) {
        const Error error{ErrorCode::FileUnreadable, "the JSON array is not whole", "", ""};
        return inFile(error, path, fmt::format("byte {}", cause.byte));
    } catch (const nlohmann::json::exception& cause) { // a number no double holds
        return inFile({ErrorCode::FileUnreadable, cause.what(), "", ""}, path, "JSON array");
    }
    for (std::size_t at = 0; at < array.size(); ++at) {
        Result<Event> event = eventFromJson(array[at]);
        if (event)
            recording.add(std::move(*event));
        else if (!event.error().what.empty())
            return inFile(event.error(), path, fmt::format("element {}", at + 1));
    }
    return Done{};
}

std::string_view withoutByteOrderMark(std::string_view text) {
    if (text.starts_with(kByteOrderMark))
        text.remove_prefix(kByteOrderMark.size());
    return text;
}

/// What the first bytes of a file tell: an object, an array, or nothing yet.
bool mayBeRecording(std::string_view start) {
    start = withoutByteOrderMark(start);
    const std::size_t first = start.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos || start[first] == '{' || start[first] == '[';
}

/// What stands behind the last line end; nothing where it is longer than any line of ours.
std::string lastLine(std::istream& file) {
    constexpr std::streamoff kLongest = 16 * static_cast<std::streamoff>(kMiB);
    file.seekg(0, std::ios::end);
    const std::streamoff size = file.tellg();
    if (!file || size <= 0)
        return {};
    const std::streamoff from = std::max<std::streamoff>(0, size - kLongest);
    std::string text(static_cast<std::size_t>(size - from), '\0');
    file.seekg(from);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    const std::size_t end = text.rfind('\n');
    if (!file || (end == std::string::npos && from > 0))
        return {};
    return end == std::string::npos ? text : text.substr(end + 1);
}

std::size_t eventCount(const Recording& recording) {
    return recording.runs.size() + recording.calibrations.size() + recording.samples.size() +
           recording.memory.size() + recording.skipped.size() + recording.progress.size() +
           (recording.failed ? 1 : 0);
}

} // namespace

void Recording::add(Event event) {
    std::visit(Visitor{*this}, std::move(event));
}

Result<std::string> readRecordText(const std::filesystem::path& path) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) { // a pipe can be read but once
        const Result<std::string> start = readFileStart(path, kLookedAt);
        if (!start)
            return start.error();
        if (!mayBeRecording(*start)) // a model of many gigabytes is not read to the end
            return inFile({ErrorCode::FileUnreadable, "it is not JSON", "", ""}, path, "line 1");
    }
    Result<std::string> content = readWholeFile(path, kMaxFileBytes);
    if (!content)
        return content;
    if (content->starts_with(kByteOrderMark))
        content->erase(0, kByteOrderMark.size());
    while (!content->empty() && content->back() == '\0') // a crashed file system leaves zeros
        content->pop_back();
    return content;
}

Result<Recording> readRecording(const std::filesystem::path& path) {
    const Result<std::string> text = readRecordText(path);
    if (!text)
        return text.error();
    return parseRecording(*text, path);
}

Result<Recording> parseRecording(std::string_view text, const std::filesystem::path& path) {
    Recording recording;
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const bool array = first != std::string_view::npos && text[first] == '[';
    const Status status = array ? addArray(text, path, recording) : addLines(text, path, recording);
    if (!status)
        return status.error();
    if (eventCount(recording) == 0 && !array)
        return inFile({ErrorCode::FileUnreadable, "no record of a run was found", "", ""}, path,
                      "line 1");
    return recording;
}

Status endLastLine(const std::filesystem::path& path) {
    std::error_code failure;
    if (!std::filesystem::is_regular_file(path, failure))
        return Done{};
    std::fstream file(path, std::ios::in | std::ios::binary);
    const std::string tail = lastLine(file);
    if (tail.empty() || tail.front() != '{')
        return Done{};
    if (nlohmann::json::accept(tail)) {
        file.close();
        file.open(path, std::ios::out | std::ios::app | std::ios::binary);
        file << '\n' << std::flush;
        if (!file)
            failure = std::make_error_code(std::errc::io_error);
    } else {
        std::filesystem::resize_file(path, std::filesystem::file_size(path, failure) - tail.size(),
                                     failure);
    }
    if (failure)
        return Error{ErrorCode::OutputNotWritten,
                     "the record cannot be added to: " + failure.message(), path.string(),
                     "Choose another file."};
    return Done{};
}

Status writeRecording(const Recording& recording, const std::filesystem::path& path) {
    std::string text;
    const auto write = [&text](const Event& event) { text += toLine(event) + '\n'; };
    const auto writeAll = [&write](const auto& events) {
        for (const auto& event : events)
            write(event);
    };
    writeAll(recording.runs);
    writeAll(recording.calibrations);
    writeAll(recording.skipped);
    writeAll(recording.memory);
    writeAll(recording.progress);
    writeAll(recording.samples);
    if (recording.failed)
        write(*recording.failed);
    if (recording.complete)
        write(RunDone{recording.samples.empty() ? 0 : recording.samples.back().atMs,
                      static_cast<int>(recording.samples.size()), false});
    return writeWholeFile(path, text);
}

} // namespace decodescope
