// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan/plan.h"
#include "core/profile/sample.h"
#include "core/profile/statistics.h"
#include "core/spec/workload.h"

namespace decodescope {

/// What a decode step was of, and where: two points are compared where all of it agrees.
struct StepConfiguration {
    // the work
    std::string model;     ///< name
    std::string variant;   ///< label: "GQA-8"; follows from the rest
    std::string attention; ///< "mha", "gqa", "mqa", …
    std::int64_t layers = 0, nHeads = 0, nKvHeads = 0, headDim = 0;
    KvTypes kvTypes;
    std::optional<DataType> weightsType; ///< Scope::Step only: the attention reads no weights
    Scope scope = Scope::Attention;
    std::int64_t batch = 1, context = 0;
    // the place
    std::string device;
    int threads = 0;    ///< 0: of a plan
    std::string engine; ///< of a plan
    std::string peer;   ///< whose kernels, of a measured point; empty: ours
    std::int64_t tensorParallel = 1, pipelineParallel = 1; ///< of a plan

    /// True where the work agrees, wherever it was done.
    [[nodiscard]] bool sameWork(const StepConfiguration& other) const;
    /// True where the place agrees.
    [[nodiscard]] bool samePlace(const StepConfiguration& other) const;
};
/// "GQA-8 of Llama 3.1 8B, attention, 4,096 tokens, batch 1".
[[nodiscard]] std::string label(const StepConfiguration& configuration);

/// Of a measured point.
[[nodiscard]] StepConfiguration configurationOf(const Sample& sample);

/// A measured point, with the repetitions of all Samples of its configuration, or a planned one.
struct ComparedPoint {
    StepConfiguration configuration;
    double tpotMs = 0;                      ///< median, or predicted; 0: not known
    std::vector<double> repetitionsMs;      ///< of a measured point
    std::optional<std::uint64_t> bytesRead; ///< by one step, of a measured point
    std::optional<std::int64_t> maxContext; ///< of a plan, where memory sets a limit
    std::int64_t layersMeasured = 0;        ///< of a measured point
    bool quickLook = false;
    bool cacheResident = false;
    std::string toolVersion; ///< of a measured point

    [[nodiscard]] double tokensPerSecond() const; ///< 0: not known
};

/// One side of a comparison.
struct ComparedSet {
    std::string name;     ///< for people: the file
    bool planned = false; ///< predictions, not measurements
    bool partial = false; ///< the recording has no end: points may be missing
    std::vector<ComparedPoint> points;
};
/// Repetitions of Samples of one configuration are put together: with those of several runs, the
/// spread between runs counts too.
[[nodiscard]] ComparedSet comparedSet(std::span<const Sample> samples, std::string name);
/// What readComparedSet() makes of the file that the same plans are written to.
[[nodiscard]] ComparedSet comparedSet(std::span<const Plan> plans, std::string name);

enum class Verdict : std::uint8_t {
    Faster,        ///< B takes less time, and not by chance
    Slower,        ///< B takes more time, and not by chance
    NoDifference,  ///< none that the repetitions show
    NotComparable, ///< other devices or thread counts, or no time is known; the notes tell
    OnlyInA,
    OnlyInB,
};
/// "faster", "slower", "no_difference", "not_comparable", "only_in_a", "only_in_b".
[[nodiscard]] std::string_view name(Verdict verdict);

/// One configuration, in A, in B or in both.
struct ComparedPair {
    std::optional<ComparedPoint> a, b;
    Verdict verdict = Verdict::NotComparable;
    double ratio = 0;       ///< time per output token of B over that of A; 0: not known
    Interval ratioInterval; ///< 95 %, of the ratio; 0 to infinity where nothing is known of it, and
                            ///< the ratio itself for plans
    std::vector<std::string> notes;

    /// B's, or A's where B has none.
    [[nodiscard]] const StepConfiguration& configuration() const;
};

struct Comparison {
    std::string nameA, nameB;
    bool planned = false;
    std::vector<ComparedPair> pairs; ///< in the order of A, then what only B has
    std::vector<std::string> notes;  ///< of the whole sides
};

/// Errors: BadUsage where one side is planned and the other measured.
[[nodiscard]] Status checkSides(const ComparedSet& a, const ComparedSet& b);

/// Points are matched by configuration; what is left over is matched by its work alone, and is then
/// not comparable where it was measured. Plans are exact: any other time is a difference, and a
/// note names what is another device or engine. Precondition: both sides are planned, or neither.
[[nodiscard]] Comparison compare(const ComparedSet& a, const ComparedSet& b);

} // namespace decodescope
