// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>

#include "core/cpu/attention.h"
#include "core/cpu/buffer.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/thread_pool.h"
#include "core/spec/model_spec.h"

namespace decodescope {

/// The matrices of one decoder layer, in panels (weight_panels.h): queries, keys and values in one,
/// the attention's output, gate and up in one, and down. They lie side by side in memory that is
/// somebody else's: many matrices in one mapping leave few of them on small pages.
struct LayerWeights {
    std::span<std::byte> queryKeyValue, output, gateUp, down;

    LayerWeights() = default;
    /// In bytesFor() bytes from `at`, which is on a boundary of 64, as is their end.
    LayerWeights(const ModelSpec& model, const LayerSpec& layer, DataType type, std::byte* at);
    [[nodiscard]] static std::uint64_t bytesFor(const ModelSpec& model, const LayerSpec& layer,
                                                DataType type);
    /// Values scaled so that activations stay near 1. False after a stop request.
    [[nodiscard]] bool fill(ThreadPool& pool, DataType type, std::uint64_t seed,
                            const std::stop_token& stop);
};

/// Activations of one decode step, f32, with room for the widest layer of a model.
struct StepWorkspace {
    Buffer tokens;                ///< [batch][hidden]: the embeddings every step starts from
    Buffer residual;              ///< [batch][hidden]
    Buffer normed;                ///< [batch][hidden]
    Buffer qkv;                   ///< [batch][all queries, then keys, then values of a sequence]
    Buffer queries;               ///< [batch][head][headDimK], rotated
    Buffer attended;              ///< [batch][head][headDimV]
    Buffer gateUp;                ///< [batch][gate, then up]
    Buffer ffn;                   ///< [batch][ffn hidden]
    Buffer logits;                ///< [batch][vocabulary]
    Buffer rotary;                ///< [headDimK]
    Buffer packed;                ///< the inputs of a projection as its kernel reads them
    std::int64_t rotaryWidth = 0; ///< head_dim the table is for; 0: not made for this step

    StepWorkspace() = default;
    StepWorkspace(const ModelSpec& model, DataType weightsType, std::int64_t batch);
    [[nodiscard]] static std::uint64_t bytesFor(const ModelSpec& model, DataType weightsType,
                                                std::int64_t batch);
    [[nodiscard]] bool valid() const;
    [[nodiscard]] std::uint64_t bytes() const;
};

/// What one layer of a step runs on.
struct StepLayer {
    const ModelSpec& model;
    const LayerSpec& spec;
    DataType weightsType;
    const LayerWeights& weights;
    KvCache& cache;                       ///< its own, or the one it shares
    AttentionArithmetic unit;             ///< of its attention
    std::span<const std::int64_t> tokens; ///< read for each sequence; the last slot is new
    std::int64_t position;                ///< of the new token
    std::int64_t rowsPerSequence = 1;     ///< of activations: 2 is twice the batch and the heads
    std::int64_t matrixParts = 1;         ///< one of these parts of each matrix is multiplied
};

/// The embeddings become the residual, and the rotary table is that of another position.
void startStep(StepWorkspace& work);

/// A pre-norm decoder layer (Llama, arXiv:2302.13971): norm, QKV, RoPE, append, attention, output,
/// norm, SwiGLU or GELU feed-forward, each added to the residual. False after a stop request.
[[nodiscard]] bool runStepLayer(ThreadPool& pool, const StepLayer& layer, Attention& attention,
                                StepWorkspace& work, const std::stop_token& stop);

/// Final norm and LM head: work.logits from work.residual, by the first `vocabRows` rows. False
/// after a stop request.
[[nodiscard]] bool runLmHead(ThreadPool& pool, const ModelSpec& model, DataType type,
                             std::span<const std::byte> head, std::int64_t vocabRows,
                             std::int64_t batch, StepWorkspace& work, const std::stop_token& stop);

} // namespace decodescope
