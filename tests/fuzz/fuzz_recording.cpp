// SPDX-License-Identifier: Apache-2.0
#include "core/profile/comparison_file.h"
#include "core/profile/recording.h"
#include "core/profile/resume.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/use_model.h"

namespace decodescope::fuzz {
namespace {

/// What a recording holds is written and read back without a loss.
void requireRoundTrip(const Recording& first) {
    if (first.runs.empty()) // an array of samples alone, or lines cut at their start
        return;
    const auto path = inputFolder() / "again.jsonl";
    require(writeRecording(first, path).ok(), "a recording that was read can be written");
    const Result<Recording> again = readRecording(path);
    require(again.ok(), "a recording that was written can be read");
    require(again->runs.size() == first.runs.size() &&
                again->calibrations.size() == first.calibrations.size() &&
                again->samples.size() == first.samples.size() &&
                again->memory.size() == first.memory.size() &&
                again->skipped.size() == first.skipped.size() &&
                again->progress.size() == first.progress.size() &&
                again->failed.has_value() == first.failed.has_value() &&
                again->complete == first.complete,
            "a recording is written whole");
    for (std::size_t i = 0; i < first.runs.size(); ++i)
        require(again->runs[i].model == first.runs[i].model, "a run keeps its model");
}

/// What `compare` makes of the file.
void compareWithItself(const std::filesystem::path& path) {
    const Result<ComparedSet> set = readComparedSet(path);
    if (!set)
        return require(!set.error().what.empty() && !set.error().where.empty(),
                       "it is said what cannot be compared");
    if (const Status sides = checkSides(*set, *set); !sides)
        return require(!sides.error().what.empty(), "it is said why sides cannot be compared");
    const Comparison comparison = compare(*set, *set);
    require(!comparison.pairs.empty(), "what can be compared has points");
}

} // namespace

void recording(std::string_view bytes) {
    const auto path = writeInput("recording.jsonl", bytes);
    const Result<Recording> recording = readRecording(path);
    if (!recording) {
        require(!recording.error().what.empty() && !recording.error().where.empty(),
                "an error says what and where");
    } else {
        for (const RunStarted& run : recording->runs) // the window plans what a run measured
            useModel(run.model, numberOf(bytes));
        requireRoundTrip(*recording);
        if (const Result<RunRequest> rest = resumedRequest(*recording); rest)
            require(countMissing(*rest) > 0, "what is gone on with lacks a point");
        else
            require(!rest.error().what.empty(), "it is said why a run cannot be gone on with");
    }
    compareWithItself(path);
    if (!endLastLine(path)) // what --record asks before it adds lines
        require(false, "a file of ours can be made to end with a whole line");
}

} // namespace decodescope::fuzz
