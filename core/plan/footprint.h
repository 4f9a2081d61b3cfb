// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/spec/cache_law.h"
#include "core/spec/workload.h"

namespace decodescope {

/// Bytes on one device, by kind.
struct Footprint {
    std::uint64_t weightsBytes = 0;
    std::uint64_t kvBytes = 0;
    std::uint64_t workspaceBytes = 0;
    std::uint64_t overheadBytes = 0; ///< an engine's context and libraries on a GPU

    [[nodiscard]] std::uint64_t totalBytes() const; ///< saturates
    bool operator==(const Footprint&) const = default;
};

/// KV cache of `batch` sequences of `context` tokens: the cache laws of all layers, added up.
[[nodiscard]] std::uint64_t kvBytes(const ModelSpec& model, KvTypes types, std::int64_t context,
                                    std::int64_t batch = 1, std::int64_t tensorParallel = 1);
/// What one more token costs one sequence, all layers, before any window is full.
[[nodiscard]] std::uint64_t kvBytesPerToken(const ModelSpec& model, KvTypes types,
                                            std::int64_t tensorParallel = 1);

/// What is of another type where `type` is the model's own and the shape tells the parts; null
/// otherwise.
[[nodiscard]] const KeptWeights* keptBeside(const ModelSpec& model, DataType type);

/// Resident weights: exact bytes from a file where `type` is the file's own, otherwise the
/// parameter count × the size of `type`; of a quantised model's own type with what the quantisation
/// keeps and the scales it adds. Zero where neither is known.
[[nodiscard]] std::uint64_t weightsBytes(const ModelSpec& model, DataType type);
/// Parameters one step reads for `batch` sequences: the layers, the output head, and of a
/// mixture-of-experts layer the experts that `batch` independent tokens are expected to pick,
/// E × (1 − (1 − k/E)^batch). An untied input embedding is one row a token and not counted. Where
/// the shape does not tell (no hidden or vocabulary size), the active parameters.
[[nodiscard]] double parametersRead(const ModelSpec& model, std::int64_t batch);
/// parametersRead() in bytes: at a file's own bytes a parameter where `type` is the file's, and
/// never more than are resident.
[[nodiscard]] std::uint64_t weightsBytesRead(const ModelSpec& model, DataType type,
                                             std::int64_t batch);

/// Values of one token that a step has at hand at once. Counts of elements.
struct StepWidths {
    std::int64_t residual = 0;  ///< the residual stream and its norm
    std::int64_t attention = 0; ///< the widest layer's queries, keys, values and output
    std::int64_t ffn = 0;       ///< both halves of the widest feed-forward
    std::int64_t logits = 0;
};
[[nodiscard]] StepWidths stepWidths(const ModelSpec& model);

/// Activations, logits and attention partials of one decode step, in f32.
[[nodiscard]] std::uint64_t workspaceBytes(const ModelSpec& model, std::int64_t batch);

[[nodiscard]] Footprint footprint(const ModelSpec& model, const Workload& workload,
                                  std::int64_t context, std::int64_t batch, Scope scope);

} // namespace decodescope
