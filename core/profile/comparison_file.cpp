// SPDX-License-Identifier: Apache-2.0
#include "core/profile/comparison_file.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/profile/recording.h"
#include "core/spec/json_field.h"
#include "core/spec/version.h"

namespace decodescope {
namespace {

using Json = nlohmann::json;

constexpr const char* kHint = "Compare recordings (run --record FILE, run -o json) or plans "
                              "(plan -o json).";

Error unreadable(const std::filesystem::path& path, std::string what) {
    return {ErrorCode::FileUnreadable, std::move(what), path.string(), kHint};
}

using Version = std::array<int, 3>;

/// "0.1.0"; what is missing or no number counts as 0.
Version parseVersion(std::string_view text) {
    Version version{};
    static_cast<void>(
        std::sscanf(std::string(text).c_str(), "%d.%d.%d", &version[0], &version[1], &version[2]));
    return version;
}

/// The version that the first record which tells one was written by, if it is newer than this.
std::string newerVersion(std::string_view text) {
    constexpr std::string_view kKey = "\"tool_version\"";
    const std::size_t key = text.find(kKey);
    if (key == std::string_view::npos)
        return {};
    const std::size_t begin = text.find('"', key + kKey.size());
    const std::size_t end = begin == std::string_view::npos ? begin : text.find('"', begin + 1);
    if (end == std::string_view::npos)
        return {};
    const std::string_view version = text.substr(begin + 1, end - begin - 1);
    return parseVersion(version) > parseVersion(toolVersion()) ? std::string(version) : "";
}

/// The first record of an array or of lines; discarded where it is no whole JSON value.
Json firstRecord(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (text[first] == '[') {
        const Json array = Json::parse(text, nullptr, /*allow_exceptions=*/false);
        return array.is_array() && !array.empty() ? array.front() : Json(Json::value_t::discarded);
    }
    return Json::parse(text.substr(first, text.find('\n', first) - first), nullptr,
                       /*allow_exceptions=*/false);
}

bool isPlan(const Json& record) {
    return record.is_object() && !record.contains("kind") && record.contains("predicted_bound");
}

/// Throws BadField.
ComparedPoint pointOf(const Json& plan) {
    ComparedPoint point;
    StepConfiguration& c = point.configuration;
    readField(plan, "model", c.model);
    readField(plan, "variant", c.variant);
    readField(plan, "attention", c.attention);
    readField(plan, "layers", c.layers);
    readField(plan, "n_heads", c.nHeads);
    readField(plan, "n_kv_heads", c.nKvHeads);
    readField(plan, "head_dim", c.headDim);
    c.kvTypes = readKvTypes(plan);
    c.scope = readScope(plan, "scope");
    if (c.scope == Scope::Step)
        c.weightsType = readDataType(plan, "weights_dtype");
    readField(plan, "batch", c.batch);
    readField(plan, "context_tokens", c.context);
    readField(plan, "device", c.device);
    readFieldIfThere(plan, "engine", c.engine);
    readFieldIfThere(plan, "tp", c.tensorParallel);
    readFieldIfThere(plan, "pp", c.pipelineParallel);
    readFieldOrNull(plan, "predicted_tpot_ms", point.tpotMs);
    bool bounded = true;
    readFieldIfThere(plan, "max_context_bounded", bounded);
    if (bounded)
        readField(plan, "max_context_tokens", point.maxContext.emplace());
    return point;
}

Json plansIn(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (text[first] == '[')
        return Json::parse(text);
    Json plans = Json::array();
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.find_first_not_of(" \t\r") != std::string_view::npos)
            plans.push_back(Json::parse(line));
    }
    return plans;
}

Result<ComparedSet> readPlans(std::string_view text, const std::filesystem::path& path) {
    ComparedSet set;
    set.name = path.string();
    set.planned = true;
    std::size_t at = 0;
    try {
        for (const Json& plan : plansIn(text)) {
            ++at;
            if (!isPlan(plan))
                return unreadable(path, fmt::format("record {} is no plan", at));
            set.points.push_back(pointOf(plan));
        }
    } catch (const Json::parse_error& cause) {
        return unreadable(path, fmt::format("it is not whole JSON from byte {}", cause.byte));
    } catch (const Json::exception& cause) {
        return unreadable(path, fmt::format("plan {}: {}", at, cause.what()));
    }
    return set;
}

Result<ComparedSet> readMeasured(std::string_view text, const std::filesystem::path& path) {
    const Result<Recording> recording = parseRecording(text, path);
    if (!recording) {
        Error error = recording.error();
        error.hint = kHint;
        if (const std::string version = newerVersion(text); !version.empty())
            error.hint = fmt::format("It was written by version {}, newer than this one ({}): "
                                     "compare with that.",
                                     version, toolVersion());
        return error;
    }
    if (recording->samples.empty())
        return unreadable(path, "it holds no measured point");
    ComparedSet set = comparedSet(recording->samples, path.string());
    // The array of `run -o json` has Samples alone, and tells nothing of its end.
    set.partial = !recording->runs.empty() && !recording->complete;
    return set;
}

} // namespace

Result<ComparedSet> readComparedSet(const std::filesystem::path& path) {
    const Result<std::string> text = readRecordText(path);
    if (!text) {
        Error error = text.error();
        error.hint = error.hint.empty() ? error.hint : kHint;
        return error;
    }
    if (text->find_first_not_of(" \t\r\n") == std::string::npos)
        return unreadable(path, "it is empty");
    const Json first = firstRecord(*text);
    if (isPlan(first))
        return readPlans(*text, path);
    if (first.is_object() && !first.contains("kind"))
        return unreadable(path, "it is neither a recording nor a plan");
    return readMeasured(*text, path);
}

} // namespace decodescope
