// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>
#include <utility>

#include "core/engine/memory_ledger.h"
#include "core/spec/result.h"
#include "core/spec/units.h"
#include "core/spec/workload.h"

namespace decodescope {

/// What a Decoder is asked to hold and run.
struct DecoderRequest {
    ModelSpec model;
    Scope scope = Scope::Attention;
    KvTypes kvTypes;
    DataType weightsType = DataType::F16; ///< Scope::Step only
    std::int64_t batch = 1;               ///< sequences that decode together
    std::int64_t context = 1024;          ///< tokens cached for each sequence
    std::uint64_t budgetBytes = 0;        ///< for everything this decoder allocates
    int threads = 0;                      ///< 0: all
    std::uint64_t seed = 1;               ///< of the random weights, keys, values and queries
    /// 0: the context is cached in one piece. Otherwise all layers cache it in pages of so many
    /// tokens of every sequence; `context` is one page, and Decoder::grow() adds the others.
    std::int64_t pageTokens = 0;
    /// Of Scope::Step in pages: held in all, where it is more than the matrices that a step reads
    /// (an input embedding of its own). 0: those matrices alone.
    std::uint64_t residentWeightsBytes = 0;
};

/// The work of one step of the whole model, counted from the shape (not measured): each weight is
/// read once, each cached byte once for every layer that reads it, and one multiply-add is 2 FLOP.
struct StepWork {
    std::uint64_t kvBytesRead = 0;
    std::uint64_t weightBytesRead = 0;
    std::uint64_t attentionFlop = 0;
    std::uint64_t linearFlop = 0;
    /// Of both, what the units of Ceilings::bf16Dot do, and those of Ceilings::int8Dot; the rest is
    /// the kernels' multiply-adds.
    std::uint64_t bf16DotFlop = 0, int8DotFlop = 0;
    double bf16DotsOfFlop = 1; ///< operations of the unit for one of bf16DotFlop

    [[nodiscard]] std::uint64_t bytesRead() const {
        return saturatingAdd(kvBytesRead, weightBytesRead);
    }
    [[nodiscard]] std::uint64_t flop() const { return saturatingAdd(attentionFlop, linearFlop); }
};

/// One timed step.
struct StepTiming {
    double seconds = 0; ///< of the whole model; scaled where fewer layers were run
    /// Times that work was handed to all threads (or launched on a GPU); scaled as the seconds are.
    /// Each costs Ceilings::barrierSeconds. 0: not counted.
    double launches = 0;
};

/// Other work than the step's own, on the same weights and caches: from how the time changes
/// follows what bounds it.
enum class StepVariation {
    Normal,
    /// Twice the FLOP at the same bytes: twice the query heads on each KV cache, twice the batch on
    /// each weight matrix.
    TwiceTheWork,
    /// The FLOP of Normal at half the bytes: twice the query heads over half of each context, twice
    /// the batch over half the rows of each weight matrix.
    TwiceTheWorkHalfTheBytes,
};

/// A model's decode step on one device, with random weights and a KV cache of random content.
/// Owned and used by one thread.
class Decoder {
public:
    virtual ~Decoder() = default;

    /// Runs one decode step for every sequence, each with `context` cached tokens: the new token's
    /// key and value overwrite the last slot, so the context (and the work) stays the same from
    /// step to step. Errors: Interrupted (on a CPU within 100 ms), RunFailed, DeviceUnavailable.
    [[nodiscard]] virtual Result<StepTiming> step(std::stop_token stop) = 0;

    /// Runs a step of another kind; what it computes means nothing, and later steps take as long as
    /// before. The room that it needs is allocated with the first one and counted in the ledger.
    /// Errors: those of step(); BadUsage where this Decoder has no such variation, OutOfMemory
    /// where the budget has no room for it.
    [[nodiscard]] virtual Result<StepTiming> variedStep(StepVariation variation,
                                                        std::stop_token stop) {
        if (variation == StepVariation::Normal)
            return step(std::move(stop));
        return Error{ErrorCode::BadUsage, "this device does not vary its steps", "", ""};
    }

    /// Adds one page to the cache of every layer that has not reached its window, fills it with
    /// random content, so that every byte of it is the process's own, and makes steps read it.
    /// Bytes above the request's budget are not looked at: ledgerGrown() tells beforehand.
    /// Errors: OutOfMemory where the system refuses, Interrupted (within 100 ms of the request on a
    /// CPU); what was held before still is, and can be stepped over. BadUsage where the cache lies
    /// in one piece, or this device has no pages.
    [[nodiscard]] virtual Status grow(std::stop_token stop) {
        static_cast<void>(stop);
        return Error{ErrorCode::BadUsage, "this device does not grow a cache by pages", "", ""};
    }
    /// What ledger() would tell after one more grow().
    [[nodiscard]] virtual MemoryLedger ledgerGrown() const { return ledger(); }

    /// Holds at least so many bytes beside what steps need, of the process's own, and counts them
    /// by kind in the ledger: what an engine's allocator keeps and no step reads (padding, windows
    /// it does not make use of, buffers). Weights are not asked for here. Errors: as grow(), also
    /// where this device cannot.
    [[nodiscard]] virtual Status holdBeside(const MemoryLedger& bytes, std::stop_token stop) {
        static_cast<void>(stop);
        if (bytes.totalBytes() == 0)
            return Done{};
        return Error{ErrorCode::BadUsage, "this device holds nothing beside its steps", "", ""};
    }

    [[nodiscard]] virtual MemoryLedger ledger() const = 0;
    /// Layers that are really allocated and run; fewer than the model's where the budget is short.
    [[nodiscard]] virtual std::int64_t layersMeasured() const = 0;
    [[nodiscard]] virtual StepWork work() const = 0;
    /// True where what a step reads could stay in the last-level cache between steps.
    [[nodiscard]] virtual bool cacheResident() const = 0;
    [[nodiscard]] virtual int threads() const = 0;
};

} // namespace decodescope
