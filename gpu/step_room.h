// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/engine/decoder.h"
#include "gpu/cublas_lt.h"
#include "gpu/gpu_runtime.h"
#include "gpu/kernels/attention_args.h"
#include "gpu/step_projector.h"
#include "gpu/step_weights.h"

namespace decodescope {

/// The attention of one layer of a step.
struct StepAttention {
    gpu::AttentionArgs args;          ///< as its kernel is launched with
    std::uint16_t* queries = nullptr; ///< args.queries, to be written
    std::function<Status()> queue;
};

/// What a whole decode step works in beside attention, and the order of its work: a pre-norm
/// decoder layer (Llama, arXiv:2302.13971) is norm, QKV, RoPE and append, attention, output, norm,
/// SwiGLU or GELU feed-forward, each added to the residual; after the last one a norm and the LM
/// head. One variation of a step, as the CPU's: with another one than Normal the batch is twice as
/// large, and with TwiceTheWorkHalfTheBytes half the rows of each matrix are multiplied.
class StepRoom {
public:
    /// `library` may be nullptr, and outlives the room.
    StepRoom(std::shared_ptr<GpuRuntime> gpu, const DecoderRequest& request,
             StepVariation variation, const CublasLt* library);

    /// What prepare() allocates.
    [[nodiscard]] std::uint64_t bytesNeeded() const;
    /// Allocates, and finds out who multiplies each of `weights` the fastest. Errors: those of
    /// GpuRuntime.
    [[nodiscard]] Status prepare(const StepWeights& weights);
    /// The new token stands at `position`. Errors: those of GpuRuntime.
    [[nodiscard]] Status moveTo(std::int64_t position);
    [[nodiscard]] std::uint64_t bytes() const { return m_memory.bytes(); }

    /// What is queued next starts a step, from the embeddings.
    void begin() { m_added = {}; }
    /// Queues layer `index` of the weights'. Layers are queued in order. Errors: those of
    /// GpuRuntime and of `attention`.
    [[nodiscard]] Status queueLayer(const StepWeights& weights, std::size_t index,
                                    const StepAttention& attention);
    /// Queues the final norm and the LM head.
    [[nodiscard]] Status queueHead(const StepWeights& weights);
    /// Who multiplies a matrix of this shape. Precondition: prepare() was told of one.
    [[nodiscard]] const Projector& projectorOf(const ProjectionShape& shape) const;
    /// Kernels that they queue, without those of the attention.
    [[nodiscard]] int launchesOf(const LayerSpec& layer) const;
    [[nodiscard]] int launchesOfHead() const;

    /// [row][hidden]: the embeddings every step starts from, in the GPU's memory.
    [[nodiscard]] const float* embeddings() const { return at<const float>(m_parts.tokens); }
    /// What a step that was queued comes to, in the GPU's memory: of a row each of the vocabulary.
    [[nodiscard]] const gpu::PartialSums& logits() const { return m_logits; }

private:
    /// Where each part of the memory begins, in bytes.
    struct Parts {
        std::uint64_t tokens = 0;   ///< [row][hidden] f32: the embeddings every step starts from
        std::uint64_t residual = 0; ///< [row][hidden] f32
        std::uint64_t normed = 0;   ///< [row][hidden]
        std::uint64_t wide = 0;     ///< [row][all heads], and then [row][feed-forward]
        std::uint64_t sums = 0;     ///< f32: of the projection before, until they are read
        std::uint64_t rotary = 0;   ///< f32: a table for each head_dim
        std::uint64_t workspace = 0;
        std::uint64_t end = 0;
    };
    [[nodiscard]] Parts parts() const;
    [[nodiscard]] std::uint64_t sumsBytes() const;
    [[nodiscard]] ProjectionShape varied(ProjectionShape shape) const;
    [[nodiscard]] std::array<ProjectionShape, kLayerMatrices>
    shapesOf(const LayerSpec& layer) const;
    [[nodiscard]] ProjectionShape headShape() const;
    [[nodiscard]] Status choose(const ProjectionShape& shape,
                                const std::vector<GpuMatrix>& matrices);
    [[nodiscard]] std::uint64_t rotaryOffset(std::int64_t headDim) const;

    template <typename T>
    [[nodiscard]] T* at(std::uint64_t offset) const {
        return reinterpret_cast<T*>(m_memory.data() + offset);
    }
    [[nodiscard]] gpu::KvFormat inputs() const { return gpu::inputFormat(m_format); }
    [[nodiscard]] ProjectionRoom room(std::uint64_t in) const;
    /// Queues a projection and returns where its sums are.
    [[nodiscard]] Result<gpu::PartialSums> project(const ProjectionShape& shape,
                                                   const GpuMatrix& matrix, std::uint64_t in);
    [[nodiscard]] Status norm();
    [[nodiscard]] Status append(const LayerSpec& layer, const StepAttention& attention,
                                const gpu::PartialSums& qkv);
    [[nodiscard]] Status attend(const LayerSpec& layer, const StepAttention& attention);

    std::shared_ptr<GpuRuntime> m_gpu;
    DecoderRequest m_request;
    gpu::WeightFormat m_format;
    int m_rows; ///< of activations: the batch, or twice that
    bool m_halved;
    const CublasLt* m_library;
    Parts m_parts;
    DeviceBuffer m_memory;
    std::vector<std::int64_t> m_headDims; ///< that have a rotary table
    std::vector<Projector> m_projectors;  ///< one for each shape
    gpu::PartialSums m_logits;
    gpu::PartialSums m_added; ///< what the next norm adds to the residual; width 0: a step starts
};

} // namespace decodescope
