// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/engine/decoder.h"
#include "gpu/attention_launch.h"

namespace decodescope {

/// Layers whose attention is launched alike.
struct AttentionKindShape {
    std::int64_t nHeads = 1, nKvHeads = 1, headDim = 128;
    std::int64_t tokens = 1; ///< that each sequence reads
    bool operator==(const AttentionKindShape&) const = default;
};

/// How the attention of some kinds of layers is launched, for all sequences of a batch alike.
struct AttentionPlans {
    DataType kvType = DataType::F16;
    std::int64_t batch = 1;
    std::vector<AttentionKindShape> shapes;
    std::vector<AttentionPlan> plans; ///< of each shape

    /// Of the room that they need.
    [[nodiscard]] std::uint64_t roomBytes() const;
};

/// Errors: those of planAttentionOn().
[[nodiscard]] Result<AttentionPlans> planKinds(GpuRuntime& gpu, DataType kvType, std::int64_t batch,
                                               std::vector<AttentionKindShape> shapes);

/// What attention works in beside the caches: random queries, outputs, the states of the parts of
/// contexts, and what the kernels are told of sequences and heads. The layers take turns in it.
class AttentionRoom {
public:
    explicit AttentionRoom(std::shared_ptr<GpuRuntime> gpu) : m_gpu(std::move(gpu)) {}
    /// Allocates `bytes` bytes where it has fewer; its content is then undefined. Errors: those of
    /// GpuRuntime, and the room is as before.
    [[nodiscard]] Status reserve(std::uint64_t bytes);
    /// Makes it the room for `plans`, larger where they need more. Errors: those of GpuRuntime.
    [[nodiscard]] Status prepare(AttentionPlans plans, std::uint64_t seed);
    /// Puts what the room has for a layer of this kind into the arguments of its attention.
    void address(std::size_t kind, gpu::AttentionArgs& args) const;
    /// Where the kernels read the queries from.
    [[nodiscard]] std::uint16_t* queries() const;
    /// Queues the attention of a layer of this kind; `args` has its cache and address(). Errors:
    /// those of GpuRuntime.
    [[nodiscard]] Status launch(std::size_t kind, const gpu::AttentionArgs& args) const;
    /// Kernels that launch() queues.
    [[nodiscard]] int launchesOf(std::size_t kind) const {
        return m_plans.plans[kind].splits > 1 ? 2 : 1;
    }
    [[nodiscard]] std::uint64_t bytes() const { return m_memory.bytes(); }

private:
    std::shared_ptr<GpuRuntime> m_gpu;
    AttentionPlans m_plans;
    DeviceBuffer m_memory;
};

/// What one step of an int8 cache is worth: random bytes are then values up to ±4.
inline constexpr float kInt8Step = 1.0F / 32;

} // namespace decodescope
