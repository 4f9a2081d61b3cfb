// SPDX-License-Identifier: Apache-2.0
#include "gpu/step_room.h"

#include <algorithm>
#include <cassert>

#include "core/engine/rotary_table.h"
#include "core/spec/count.h"
#include "gpu/kernel_choice.h"
#include "gpu/random_fill.h"

namespace decodescope {
namespace {

using gpu::Activation;

/// Half of the rows, of gate and up alike.
int halfOf(const ProjectionShape& shape) {
    const int step = shape.activation == Activation::SwiGlu ? 2 : 1;
    return std::max(1, shape.rows / step / 2) * step;
}

} // namespace

StepRoom::StepRoom(std::shared_ptr<GpuRuntime> gpu, const DecoderRequest& request,
                   StepVariation variation, const CublasLt* library)
    : m_gpu(std::move(gpu)), m_request(request), m_format(*weightFormat(request.weightsType)),
      m_rows(static_cast<int>(request.batch) * (variation == StepVariation::Normal ? 1 : 2)),
      m_halved(variation == StepVariation::TwiceTheWorkHalfTheBytes), m_library(library) {
    for (const LayerSpec& layer : request.model.layers)
        if (std::find(m_headDims.begin(), m_headDims.end(), layer.headDimK) == m_headDims.end())
            m_headDims.push_back(layer.headDimK);
    m_parts = parts();
}

ProjectionShape StepRoom::varied(ProjectionShape shape) const {
    if (m_halved)
        shape.rows = halfOf(shape);
    return shape;
}

std::array<ProjectionShape, kLayerMatrices> StepRoom::shapesOf(const LayerSpec& layer) const {
    auto shapes = layerProjections(m_request.model, layer, m_format, m_rows);
    for (ProjectionShape& shape : shapes)
        shape = varied(shape);
    return shapes;
}

ProjectionShape StepRoom::headShape() const {
    return varied(headProjection(m_request.model, m_format, m_rows));
}

/// Of the projection with the most. What a varied step reads where its matrices have fewer rows
/// than its activations is memory of the room all the same.
std::uint64_t StepRoom::sumsBytes() const {
    std::uint64_t most = 0;
    const auto consider = [&](const ProjectionShape& whole) {
        const ProjectionShape shape = varied(whole);
        if (shape.activation != Activation::None && (!m_library || gpu::hasScales(m_format)))
            return; // our own kernel keeps no sums of it
        const int pieces = planProjection(m_gpu->properties(), shape).parts;
        most = std::max(most, count(pieces) * count(shape.batch) * count(whole.rows));
    };
    for (const LayerSpec& layer : m_request.model.layers)
        for (const ProjectionShape& shape :
             layerProjections(m_request.model, layer, m_format, m_rows))
            consider(shape);
    consider(headProjection(m_request.model, m_format, m_rows));
    return most * sizeof(float);
}

StepRoom::Parts StepRoom::parts() const {
    constexpr std::uint64_t kAlignment = 256;
    std::int64_t wide = 0;
    for (const LayerSpec& layer : m_request.model.layers)
        wide = std::max({wide, layer.nHeads * layer.headDimV, layer.ffn.hidden});
    std::int64_t rotary = 0;
    for (const std::int64_t headDim : m_headDims)
        rotary += headDim;
    Parts all;
    const auto add = [&all](std::uint64_t bytes) {
        const std::uint64_t at = all.end;
        all.end += (bytes + kAlignment - 1) / kAlignment * kAlignment;
        return at;
    };
    const std::uint64_t elements = count(m_rows) * count(m_request.model.hiddenSize);
    all.tokens = add(elements * sizeof(float));
    all.residual = add(elements * sizeof(float));
    all.normed = add(elements * sizeof(std::uint16_t));
    all.wide = add(count(m_rows) * count(wide) * sizeof(std::uint16_t));
    all.sums = add(sumsBytes());
    all.rotary = add(count(rotary) * sizeof(float));
    all.workspace = add(m_library && !gpu::hasScales(m_format) ? CublasLt::kWorkspaceBytes : 0);
    return all;
}

std::uint64_t StepRoom::bytesNeeded() const {
    return m_parts.end;
}

std::uint64_t StepRoom::rotaryOffset(std::int64_t headDim) const {
    std::uint64_t offset = m_parts.rotary;
    for (const std::int64_t each : m_headDims) {
        if (each == headDim)
            break;
        offset += count(each) * sizeof(float);
    }
    return offset;
}

Status StepRoom::moveTo(std::int64_t position) {
    for (const std::int64_t headDim : m_headDims) {
        std::vector<float> table(count(headDim));
        rotaryTable(headDim, position, table.data());
        if (Status copied = m_gpu->copyToDevice(at<std::byte>(rotaryOffset(headDim)), table.data(),
                                                table.size() * sizeof(float));
            !copied)
            return copied;
    }
    return Done{};
}

ProjectionRoom StepRoom::room(std::uint64_t in) const {
    return {at<const std::uint16_t>(in), at<float>(m_parts.sums), at<std::uint16_t>(m_parts.wide),
            at<std::byte>(m_parts.workspace)};
}

Status StepRoom::choose(const ProjectionShape& shape, const std::vector<GpuMatrix>& matrices) {
    const std::uint64_t in =
        shape.columns == m_request.model.hiddenSize ? m_parts.normed : m_parts.wide;
    Result<Projector> projector = fastestProjector(*m_gpu, m_library, shape, matrices, room(in));
    if (!projector)
        return projector.error();
    m_projectors.push_back(std::move(*projector));
    return Done{};
}

Status StepRoom::prepare(const StepWeights& weights) {
    Result<DeviceBuffer> memory = DeviceBuffer::make(m_gpu, m_parts.end);
    if (!memory)
        return memory.error();
    m_memory = std::move(*memory);
    Status done = fillRandom(*m_gpu, at<std::byte>(m_parts.tokens),
                             m_parts.residual - m_parts.tokens, DataType::F32, ~m_request.seed);
    if (done) // what is timed multiplies no zeros
        done = fillRandom(*m_gpu, at<std::byte>(m_parts.normed), m_parts.sums - m_parts.normed,
                          inputs() == gpu::KvFormat::BF16 ? DataType::BF16 : DataType::F16,
                          m_request.seed);
    if (done)
        done = moveTo(m_request.context - 1);
    std::vector<std::pair<ProjectionShape, std::vector<GpuMatrix>>> byShape;
    const auto note = [&byShape](const ProjectionShape& shape, const GpuMatrix& matrix) {
        auto found = std::find_if(byShape.begin(), byShape.end(),
                                  [&](const auto& each) { return each.first == shape; });
        if (found == byShape.end())
            found = byShape.insert(byShape.end(), {shape, {}});
        found->second.push_back(matrix);
    };
    for (std::size_t i = 0; i < weights.layers().size(); ++i) {
        const auto shapes = shapesOf(weights.layers()[i]);
        for (const LayerMatrix matrix : {QueryKeyValue, Output, GateUp, Down})
            note(shapes[matrix], weights.of(i, matrix));
    }
    note(headShape(), weights.head());
    for (std::size_t i = 0; i < byShape.size() && done; ++i)
        done = choose(byShape[i].first, byShape[i].second);
    return done;
}

const Projector& StepRoom::projectorOf(const ProjectionShape& shape) const {
    const auto found = std::find_if(m_projectors.begin(), m_projectors.end(),
                                    [&](const Projector& each) { return each.shape == shape; });
    assert(found != m_projectors.end()); // prepare() was told of all layers
    return *found;
}

Result<gpu::PartialSums> StepRoom::project(const ProjectionShape& shape, const GpuMatrix& matrix,
                                           std::uint64_t in) {
    const Projector& projector = projectorOf(shape);
    if (Status queued = decodescope::project(*m_gpu, projector, matrix, room(in)); !queued)
        return queued.error();
    return gpu::PartialSums{at<const float>(m_parts.sums), projector.parts(), shape.rows,
                            shape.batch};
}

Status StepRoom::norm() {
    gpu::NormArgs args;
    args.from = at<const float>(m_added.width == 0 ? m_parts.tokens : m_parts.residual);
    args.added = m_added;
    args.residual = at<float>(m_parts.residual);
    args.out = at<std::uint16_t>(m_parts.normed);
    args.width = static_cast<std::int32_t>(m_request.model.hiddenSize);
    return m_gpu->launch(normLaunch(inputs(), m_rows), args);
}

Status StepRoom::append(const LayerSpec& layer, const StepAttention& attention,
                        const gpu::PartialSums& qkv) {
    const gpu::AttentionArgs& cache = attention.args;
    gpu::AppendArgs args;
    args.qkv = qkv;
    args.rotary = at<const float>(rotaryOffset(layer.headDimK));
    args.queries = attention.queries;
    // Attention reads only; here the same cache is written.
    args.keys = const_cast<std::byte*>(cache.keys);
    args.values = const_cast<std::byte*>(cache.values);
    args.address = cache.address;
    args.contexts = cache.contexts;
    args.keyScales = cache.keyScales;
    args.valueScales = cache.valueScales;
    args.nHeads = static_cast<std::int32_t>(layer.nHeads);
    args.nKvHeads = static_cast<std::int32_t>(layer.nKvHeads);
    args.headDim = static_cast<std::int32_t>(layer.headDimK);
    args.sequences = layer.ownsCache ? static_cast<std::int32_t>(m_request.batch) : 0;
    return m_gpu->launch(appendLaunch(*kvFormat(m_request.kvTypes.key), args), args);
}

/// Attention, and its output as the next projection reads it.
Status StepRoom::attend(const LayerSpec& layer, const StepAttention& attention) {
    if (Status queued = attention.queue(); !queued)
        return queued;
    gpu::ActivationArgs args;
    args.width = static_cast<std::int32_t>(layer.nHeads * layer.headDimV);
    args.in = {attention.args.out, 1, args.width, m_rows};
    args.out = at<std::uint16_t>(m_parts.wide);
    return m_gpu->launch(activationLaunch(inputs(), args), args);
}

Status StepRoom::queueLayer(const StepWeights& weights, std::size_t index,
                            const StepAttention& attention) {
    const LayerSpec& layer = weights.layers()[index];
    const auto shapes = shapesOf(layer);
    const auto multiply = [&](LayerMatrix matrix, std::uint64_t in) {
        return project(shapes[matrix], weights.of(index, matrix), in);
    };
    if (Status normed = norm(); !normed)
        return normed;
    const Result<gpu::PartialSums> qkv = multiply(QueryKeyValue, m_parts.normed);
    if (!qkv)
        return qkv.error();
    if (Status appended = append(layer, attention, *qkv); !appended)
        return appended;
    if (Status attended = attend(layer, attention); !attended)
        return attended;
    const Result<gpu::PartialSums> output = multiply(Output, m_parts.wide);
    if (!output)
        return output.error();
    m_added = *output;
    if (Status normed = norm(); !normed)
        return normed;
    if (const Result<gpu::PartialSums> activated = multiply(GateUp, m_parts.normed); !activated)
        return activated.error();
    const Result<gpu::PartialSums> down = multiply(Down, m_parts.wide);
    if (!down)
        return down.error();
    m_added = *down;
    return Done{};
}

Status StepRoom::queueHead(const StepWeights& weights) {
    if (Status normed = norm(); !normed)
        return normed;
    const Result<gpu::PartialSums> logits = project(headShape(), weights.head(), m_parts.normed);
    if (!logits)
        return logits.error();
    m_logits = *logits;
    return Done{};
}

int StepRoom::launchesOf(const LayerSpec& layer) const {
    constexpr int kOwn = 4; // two norms, append, the attention's output
    int launches = kOwn;
    for (const ProjectionShape& shape : shapesOf(layer))
        launches += projectorOf(shape).launches();
    return launches;
}

int StepRoom::launchesOfHead() const {
    return 1 + projectorOf(headShape()).launches();
}

} // namespace decodescope
