// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>

#include "core/cpu/attention.h"
#include "core/cpu/buffer.h"
#include "core/cpu/step_layer.h"
#include "core/cpu/thread_pool.h"
#include "core/engine/decoder.h"

namespace decodescope {

/// What steps work in, for `times` as many query heads (Scope::Attention) or rows of activations
/// for each sequence (Scope::Step) as the model has.
struct Workspace {
    Attention attention;
    Buffer queries;            ///< [sequence][head][headDimK]; Scope::Attention
    Buffer output;             ///< [sequence][head][headDimV]; Scope::Attention
    StepWorkspace activations; ///< Scope::Step

    [[nodiscard]] static std::uint64_t bytesFor(const DecoderRequest& request, std::int64_t times,
                                                int threads);
    [[nodiscard]] bool allocate(const DecoderRequest& request, std::int64_t times, int threads);
    /// Makes room for a longer context. Where the system refuses, false, and steps over the shorter
    /// one still run.
    [[nodiscard]] bool lengthen(const DecoderRequest& request, int threads);
    /// False after a stop request.
    [[nodiscard]] bool fill(ThreadPool& pool, std::uint64_t seed, const std::stop_token& stop);
    [[nodiscard]] std::uint64_t bytes() const {
        return attention.bytes() + queries.bytes() + output.bytes() + activations.bytes();
    }
};

} // namespace decodescope
