// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/spec/data_type.h"
#include "core/spec/kernel_rates.h"

namespace decodescope {

/// Main memory read as a stream by some of the threads.
struct BandwidthAtThreads {
    int threads = 1;
    double bytesPerSecond = 0;
    bool operator==(const BandwidthAtThreads&) const = default;
};

/// One level of the data caches, as the first core sees it.
struct CacheLevel {
    int level = 1;
    std::uint64_t bytes = 0;   ///< of one cache
    int threads = 1;           ///< that share one
    double bytesPerSecond = 0; ///< read by one thread, over half of the cache
    bool operator==(const CacheLevel&) const = default;
};

/// What an arithmetic unit does at most, with everything in registers. A multiply-add is two
/// operations.
struct ArithmeticPeak {
    double oneThreadPerSecond = 0;
    double allThreadsPerSecond = 0;
    bool operator==(const ArithmeticPeak&) const = default;
};

/// Operations of int8 dot products for one of numbers of 16 bits, which have two digits.
inline constexpr int kInt8DotsOfFlop = 2;

/// Operations of the unit of bf16 for one of a cache that is split into numbers of bf16: of f16
/// five with keys and four with values, of blocks (q8_0, q4_0) three, of int8 two.
[[nodiscard]] double bf16DotsOfSplitFlop(DataType key, DataType value);

/// The units of dot products (or of products of matrices) whose peaks Ceilings has, or none.
enum class DotUnit : std::uint8_t {
    None,
    Bf16,
    SplitBf16, ///< that of bf16, with numbers in parts: bf16DotsOfSplitFlop()
    Int8,      ///< kInt8DotsOfFlop
};

/// A device's kernels multiply a cache of this type by a unit of dot products from so many query
/// heads of a KV head on.
struct UnitUse {
    DataType kvType = DataType::BF16;
    std::int64_t leastGroup = 1;
    DotUnit unit = DotUnit::Bf16;
    bool operator==(const UnitUse&) const = default;
};
void to_json(nlohmann::json& json, const UnitUse& use);
/// Throws nlohmann::json::exception on a wrong record.
void from_json(const nlohmann::json& json, UnitUse& use);

/// The roofs of a device, measured on it or taken from its datasheet. Rates are per second. What
/// follows `fillBytesPerSecond` is measured by a whole calibration (CalibrationRequest::whole);
/// only `bf16Dot`, `int8Dot` and `barrierSeconds` by a short one too.
struct Ceilings {
    double bandwidthBytesPerSecond = 0; ///< reading memory that no cache holds
    double flopPerSecond = 0;           ///< of the multiply-adds that most kernels use
    int threads = 0;                    ///< the rates were measured with; 0 for a datasheet
    bool measured = false;
    /// Memory that is touched for the first time and filled with random content, as a Decoder's
    /// is: says how long making one takes. 0: not measured. It is no roof and in no record.
    double fillBytesPerSecond = 0;
    /// Of main memory, at 1, 2, 4, … and all `threads`, ascending.
    std::vector<BandwidthAtThreads> bandwidthAtThreads = {};
    std::vector<CacheLevel> caches = {}; ///< from the innermost level out
    /// Multiply-adds, by the kernels' instruction set.
    std::optional<ArithmeticPeak> f32 = {};
    /// Dot products of the units that sum them in one instruction; absent where there is none. Of
    /// bf16 those of matrices where a device has both.
    std::optional<ArithmeticPeak> bf16Dot = {}, int8Dot = {}, fp8Dot = {};
    /// Of an empty job, handed to all `threads`: the median.
    std::optional<double> barrierSeconds = {};
    /// Not roofs, but what the kernels reach under them. Absent where they were not measured.
    std::optional<KernelRates> kernels = {};
    bool operator==(const Ceilings&) const = default;

    /// The peak of work whose units take turns: `bf16DotFlop` of its `flop` at the peak of bf16Dot,
    /// which does `bf16DotsOfFlop` operations for each, `int8DotFlop` at that of int8Dot, which
    /// does kInt8DotsOfFlop; the rest, and what a unit does whose peak is not known, at
    /// flopPerSecond. 0 where that is not known.
    [[nodiscard]] double flopPerSecondOf(std::uint64_t flop, std::uint64_t bf16DotFlop,
                                         std::uint64_t int8DotFlop = 0,
                                         double bf16DotsOfFlop = 1) const;
    /// The outermost of `caches` that one thread reads notably faster than memory; nullopt where
    /// none is, or where they were not measured. A share of a large cache that many programs of a
    /// server have may be no faster.
    [[nodiscard]] std::optional<CacheLevel> fastCache() const;
    /// True where a whole calibration measured them.
    [[nodiscard]] bool complete() const;
};
/// What is absent has no key.
void to_json(nlohmann::json& json, const Ceilings& ceilings);
/// Throws nlohmann::json::exception on a wrong record, and for a rate or size that is not above 0
/// in what a whole calibration measures. `fillBytesPerSecond` stays 0.
void from_json(const nlohmann::json& json, Ceilings& ceilings);

/// The best that either saw: the higher rates and the shorter times, with what only one has.
/// Precondition: both are of one device and as many threads.
[[nodiscard]] Ceilings bestOf(const Ceilings& a, const Ceilings& b);

} // namespace decodescope
