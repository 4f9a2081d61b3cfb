// SPDX-License-Identifier: Apache-2.0
#include "gpu/cudnn_attention.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include <fmt/format.h>

namespace decodescope {
namespace {

using cudnn::Descriptor;

/// Names of the graph's tensors, by which calls bind memory to them.
enum TensorId : std::int64_t { kQueriesId = 1, kKeysId, kValuesId, kOutputId, kScaleId };

constexpr std::int64_t kAlignment = 16;

using Four = std::array<std::int64_t, 4>; ///< batch, heads, tokens, head_dim

/// Strides of a tensor whose last dimension is densest.
Four packed(const Four& dimensions) {
    Four strides{};
    std::int64_t stride = 1;
    for (std::size_t i = dimensions.size(); i-- > 0;) {
        strides[i] = stride;
        stride *= dimensions[i];
    }
    return strides;
}

Result<int> elementType(DataType type) {
    if (type == DataType::F16)
        return cudnn::kHalf;
    if (type == DataType::BF16)
        return cudnn::kBFloat16;
    return Error{ErrorCode::BadUsage,
                 fmt::format("cuDNN is measured with f16 and bf16 caches, not {}", name(type)),
                 "--peer cudnn", ""};
}

/// Sets attributes one after the other; after a failure nothing more.
class Setter {
public:
    explicit Setter(const CudnnDescriptor& descriptor) : m_descriptor(descriptor) {}

    template <typename T>
    Setter& set(int attribute, int type, const T& value) {
        return setAll<T>(attribute, type, std::span(&value, 1));
    }
    template <typename T>
    Setter& setAll(int attribute, int type, std::span<const T> values) {
        if (m_status)
            m_status = m_descriptor.set(attribute, type, static_cast<std::int64_t>(values.size()),
                                        values.data());
        return *this;
    }
    /// Ends the description.
    [[nodiscard]] Status finalize(const char* doing) {
        return m_status ? m_descriptor.finalize(doing) : m_status;
    }

private:
    const CudnnDescriptor& m_descriptor;
    Status m_status = Done{};
};

Result<CudnnDescriptor> tensor(const CudnnLibrary& library, TensorId id, int elements,
                               const Four& dimensions) {
    Result<CudnnDescriptor> made = CudnnDescriptor::make(library, cudnn::kTensor);
    if (!made)
        return made;
    Setter setter(*made);
    setter.set<std::int64_t>(cudnn::kTensorId, cudnn::kTypeInt64, id)
        .set(cudnn::kTensorDataType, cudnn::kTypeDataType, elements)
        .set(cudnn::kTensorAlignment, cudnn::kTypeInt64, kAlignment)
        .setAll<std::int64_t>(cudnn::kTensorDimensions, cudnn::kTypeInt64, dimensions)
        .setAll<std::int64_t>(cudnn::kTensorStrides, cudnn::kTypeInt64, packed(dimensions));
    if (id == kScaleId)
        setter.set(cudnn::kTensorByValue, cudnn::kTypeBoolean, true);
    if (Status status = setter.finalize("describing a tensor"); !status)
        return status.error();
    return made;
}

/// The operation; cuDNN keeps what it needs of the tensors.
Result<CudnnDescriptor> operation(const CudnnLibrary& library, const CudnnShape& shape,
                                  int elements) {
    const Four perHead{shape.batch, shape.nHeads, 1, shape.headDim};
    const Four cached{shape.batch, shape.nKvHeads, shape.tokens, shape.headDim};
    struct Part {
        int attribute;
        TensorId id;
        int elements;
        Four dimensions;
    };
    const Part parts[] = {{cudnn::kSdpaQueries, kQueriesId, elements, perHead},
                          {cudnn::kSdpaKeys, kKeysId, elements, cached},
                          {cudnn::kSdpaValues, kValuesId, elements, cached},
                          {cudnn::kSdpaOutput, kOutputId, elements, perHead},
                          {cudnn::kSdpaScale, kScaleId, cudnn::kFloat, {1, 1, 1, 1}}};
    Result<CudnnDescriptor> made = CudnnDescriptor::make(library, cudnn::kSdpaForward);
    if (!made)
        return made;
    Setter setter(*made);
    std::vector<CudnnDescriptor> tensors;
    for (const Part& part : parts) {
        Result<CudnnDescriptor> each = tensor(library, part.id, part.elements, part.dimensions);
        if (!each)
            return each;
        setter.set(part.attribute, cudnn::kTypeDescriptor, each->get());
        tensors.push_back(std::move(*each));
    }
    if (Status status = setter.finalize("describing attention"); !status)
        return status.error();
    return made;
}

/// The engines that the heuristic proposes for a graph, best first.
Result<std::vector<CudnnDescriptor>> engines(const CudnnLibrary& library, Descriptor graph) {
    const Result<CudnnDescriptor> heuristic =
        CudnnDescriptor::make(library, cudnn::kEngineHeuristic);
    if (!heuristic)
        return heuristic.error();
    if (Status status =
            Setter(*heuristic)
                .set(cudnn::kHeuristicGraph, cudnn::kTypeDescriptor, graph)
                .set(cudnn::kHeuristicMode, cudnn::kTypeHeuristicMode, cudnn::kHeuristicModeA)
                .finalize("choosing an engine");
        !status)
        return status.error();
    constexpr std::int64_t kMost = 16; // the first that works is taken
    std::vector<CudnnDescriptor> found;
    std::array<Descriptor, kMost> room{};
    for (Descriptor& each : room) {
        Result<CudnnDescriptor> made = CudnnDescriptor::make(library, cudnn::kEngineConfig);
        if (!made)
            return made.error();
        each = made->get();
        found.push_back(std::move(*made));
    }
    std::int64_t count = 0;
    if (const cudnn::Status status =
            library.calls().getAttribute(heuristic->get(), cudnn::kHeuristicResults,
                                         cudnn::kTypeDescriptor, kMost, &count, room.data());
        status != cudnn::kSuccess)
        return library.failure(status, "choosing an engine");
    found.erase(found.begin() + std::clamp<std::int64_t>(count, 0, kMost), found.end());
    return found;
}

/// The plan of the first engine that makes one.
Result<CudnnDescriptor> firstPlan(const CudnnLibrary& library,
                                  const std::vector<CudnnDescriptor>& configs) {
    Error refused{ErrorCode::BadUsage,
                  fmt::format("cuDNN {} has no engine for this shape", library.version()),
                  "--peer cudnn", ""};
    for (const CudnnDescriptor& config : configs) {
        Result<CudnnDescriptor> plan = CudnnDescriptor::make(library, cudnn::kExecutionPlan);
        if (!plan)
            return plan;
        Status status = Setter(*plan)
                            .set(cudnn::kPlanHandle, cudnn::kTypeHandle, library.handle())
                            .set(cudnn::kPlanEngineConfig, cudnn::kTypeDescriptor, config.get())
                            .finalize("making a plan");
        if (status)
            return plan;
        refused = status.error();
    }
    return refused;
}

} // namespace

Result<CudnnDescriptor> CudnnDescriptor::make(const CudnnLibrary& library, int type) {
    Descriptor descriptor = nullptr;
    if (const cudnn::Status status = library.calls().createDescriptor(type, &descriptor);
        status != cudnn::kSuccess)
        return library.failure(status, "making a descriptor");
    return CudnnDescriptor(library, descriptor);
}

CudnnDescriptor::~CudnnDescriptor() {
    if (m_descriptor)
        m_library->calls().destroyDescriptor(m_descriptor);
}

CudnnDescriptor::CudnnDescriptor(CudnnDescriptor&& other) noexcept
    : m_library(other.m_library), m_descriptor(std::exchange(other.m_descriptor, nullptr)) {}

CudnnDescriptor& CudnnDescriptor::operator=(CudnnDescriptor&& other) noexcept {
    std::swap(m_library, other.m_library);
    std::swap(m_descriptor, other.m_descriptor);
    return *this;
}

Status CudnnDescriptor::set(int attribute, int type, std::int64_t count, const void* values) const {
    if (const cudnn::Status status =
            m_library->calls().setAttribute(m_descriptor, attribute, type, count, values);
        status != cudnn::kSuccess)
        return m_library->failure(status, "describing the graph");
    return Done{};
}

Status CudnnDescriptor::finalize(const char* doing) const {
    if (const cudnn::Status status = m_library->calls().finalize(m_descriptor);
        status != cudnn::kSuccess)
        return m_library->failure(status, doing);
    return Done{};
}

Result<CudnnAttention> CudnnAttention::make(std::shared_ptr<const CudnnLibrary> library,
                                            const CudnnShape& shape) {
    const Result<int> elements = elementType(shape.type);
    if (!elements)
        return elements.error();
    const Result<CudnnDescriptor> attention = operation(*library, shape, *elements);
    if (!attention)
        return attention.error();
    const Result<CudnnDescriptor> graph = CudnnDescriptor::make(*library, cudnn::kOperationGraph);
    if (!graph)
        return graph.error();
    if (Status status = Setter(*graph)
                            .set(cudnn::kGraphHandle, cudnn::kTypeHandle, library->handle())
                            .set(cudnn::kGraphOperations, cudnn::kTypeDescriptor, attention->get())
                            .finalize("making the graph");
        !status)
        return status.error();
    const Result<std::vector<CudnnDescriptor>> configs = engines(*library, graph->get());
    if (!configs)
        return configs.error();
    Result<CudnnDescriptor> plan = firstPlan(*library, *configs);
    if (!plan)
        return plan.error();
    std::int64_t bytes = 0;
    std::int64_t count = 0;
    if (const cudnn::Status status = library->calls().getAttribute(
            plan->get(), cudnn::kPlanWorkspaceSize, cudnn::kTypeInt64, 1, &count, &bytes);
        status != cudnn::kSuccess)
        return library->failure(status, "asking for the workspace's size");
    const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(shape.headDim)));
    CudnnAttention made(std::move(library), std::move(*plan), scale);
    made.m_workspaceBytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, bytes));
    return made;
}

Status CudnnAttention::execute(const Tensors& tensors) const {
    const Result<CudnnDescriptor> pack = CudnnDescriptor::make(*m_library, cudnn::kVariantPack);
    if (!pack)
        return pack.error();
    float scale = m_scale; // by value: read before this returns
    const std::array<std::int64_t, 5> ids{kQueriesId, kKeysId, kValuesId, kOutputId, kScaleId};
    const std::array<void*, 5> pointers{tensors.queries, tensors.keys, tensors.values,
                                        tensors.output, &scale};
    if (Status status = Setter(*pack)
                            .setAll<std::int64_t>(cudnn::kPackIds, cudnn::kTypeInt64, ids)
                            .setAll<void*>(cudnn::kPackPointers, cudnn::kTypePointer, pointers)
                            .set(cudnn::kPackWorkspace, cudnn::kTypePointer, tensors.workspace)
                            .finalize("binding the tensors");
        !status)
        return status;
    if (const cudnn::Status status =
            m_library->calls().execute(m_library->handle(), m_plan.get(), pack->get());
        status != cudnn::kSuccess)
        return m_library->failure(status, "running attention");
    return Done{};
}

} // namespace decodescope
