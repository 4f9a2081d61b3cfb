// SPDX-License-Identifier: Apache-2.0
#include "gpu/step_weights.h"

#include <algorithm>

#include "core/spec/units.h"
#include "gpu/random_fill.h"

namespace decodescope {
namespace {

using gpu::Activation;
using gpu::WeightFormat;

/// Of random weights, 1 / sqrt(4096): activations stay near 1, the norms see to the rest.
constexpr int kLog2Scale = -6;

/// Matrices begin at multiples of this; libraries of matrix products like it so.
constexpr std::uint64_t kAlignment = 256;

std::uint64_t aligned(std::uint64_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::uint64_t bytesOf(const ProjectionShape& shape) {
    return static_cast<std::uint64_t>(gpu::matrixBytes(shape.format, shape.rows, shape.columns));
}

std::uint64_t bytesOf(std::span<const ProjectionShape> shapes) {
    std::uint64_t bytes = 0;
    for (const ProjectionShape& shape : shapes)
        bytes += aligned(bytesOf(shape));
    return bytes;
}

WeightFormat formatOf(const DecoderRequest& request) {
    return *weightFormat(request.weightsType); // coveredByGpu() has seen to it
}

/// Weights that are to be held and that no step reads.
std::uint64_t unreadBytes(const DecoderRequest& request) {
    const ProjectionShape head = headProjection(request.model, formatOf(request), 1);
    std::uint64_t read = bytesOf({&head, 1});
    for (const LayerSpec& layer : request.model.layers)
        read = saturatingAdd(read, StepWeights::layerBytes(request, layer));
    return aligned(request.residentWeightsBytes - std::min(request.residentWeightsBytes, read));
}

/// Values near 2^kLog2Scale: q8_0 and q4_0 have integers with a root mean square of 74 and of 4.6,
/// and scales of [1, 2) × 2^(kLog2Scale − 7) or × 2^(kLog2Scale − 3).
Status fillMatrix(GpuRuntime& gpu, const ProjectionShape& shape, std::byte* to,
                  std::uint64_t seed) {
    const std::uint64_t bytes = aligned(bytesOf(shape)); // what follows a matrix may be random too
    if (!gpu::hasScales(shape.format))
        return fillRandom(
            gpu, to, bytes,
            randomContent(shape.format == WeightFormat::BF16 ? DataType::BF16 : DataType::F16, seed,
                          kLog2Scale));
    const auto integers =
        static_cast<std::uint64_t>(gpu::scalesOffset(shape.format, shape.rows, shape.columns));
    if (Status filled = fillRandom(gpu, to, integers, DataType::Int8, seed); !filled)
        return filled;
    const int exponent = kLog2Scale - (shape.format == WeightFormat::Q8 ? 7 : 3);
    return fillRandom(gpu, to + integers, bytes - integers, randomScales(exponent, ~seed));
}

} // namespace

std::array<ProjectionShape, kLayerMatrices> layerProjections(const ModelSpec& model,
                                                             const LayerSpec& layer,
                                                             WeightFormat format,
                                                             std::int64_t batch) {
    const auto shape = [&](std::int64_t rows, std::int64_t columns,
                           Activation activation = Activation::None) {
        return ProjectionShape{format, static_cast<int>(rows), static_cast<int>(columns),
                               static_cast<int>(batch), activation};
    };
    const std::int64_t qkv =
        layer.nHeads * layer.headDimK + layer.nKvHeads * (layer.headDimK + layer.headDimV);
    const std::int64_t ffn = layer.ffn.hidden;
    return {shape(qkv, model.hiddenSize), shape(model.hiddenSize, layer.nHeads * layer.headDimV),
            layer.ffn.gated ? shape(2 * ffn, model.hiddenSize, Activation::SwiGlu)
                            : shape(ffn, model.hiddenSize, Activation::Gelu),
            shape(model.hiddenSize, ffn)};
}

ProjectionShape headProjection(const ModelSpec& model, WeightFormat format, std::int64_t batch) {
    return {format, static_cast<int>(model.vocabSize), static_cast<int>(model.hiddenSize),
            static_cast<int>(batch), Activation::None};
}

std::uint64_t StepWeights::layerBytes(const DecoderRequest& request, const LayerSpec& layer) {
    return bytesOf(layerProjections(request.model, layer, formatOf(request), 1));
}

std::uint64_t StepWeights::fixedBytes(const DecoderRequest& request) {
    const ProjectionShape head = headProjection(request.model, formatOf(request), 1);
    return saturatingAdd(bytesOf({&head, 1}), unreadBytes(request));
}

Status StepWeights::place(std::span<const ProjectionShape> shapes, std::uint64_t seed,
                          std::span<GpuMatrix> matrices) {
    Result<DeviceBuffer> memory = DeviceBuffer::make(m_gpu, bytesOf(shapes));
    if (!memory)
        return memory.error();
    std::byte* at = memory->data();
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        const ProjectionShape& shape = shapes[i];
        if (Status filled = fillMatrix(*m_gpu, shape, at, seed + i); !filled)
            return filled;
        matrices[i].weights = at;
        if (gpu::hasScales(shape.format))
            matrices[i].scales = reinterpret_cast<const std::uint16_t*>(
                at + gpu::scalesOffset(shape.format, shape.rows, shape.columns));
        at += aligned(bytesOf(shape));
    }
    m_memory.push_back(std::move(*memory));
    return Done{};
}

Status StepWeights::allocate(const DecoderRequest& request, std::vector<LayerSpec> layers) {
    const WeightFormat format = formatOf(request);
    std::uint64_t seed = ~request.seed;
    const ProjectionShape head = headProjection(request.model, format, 1);
    if (Status placed = place({&head, 1}, seed--, {&m_head, 1}); !placed)
        return placed;
    m_specs = std::move(layers);
    for (const LayerSpec& layer : m_specs) {
        const auto shapes = layerProjections(request.model, layer, format, 1);
        seed -= kLayerMatrices;
        if (Status placed = place(shapes, seed, m_layers.emplace_back()); !placed)
            return placed;
    }
    Result<DeviceBuffer> unread = DeviceBuffer::make(m_gpu, unreadBytes(request));
    if (!unread)
        return unread.error();
    Status filled = fillRandom(*m_gpu, unread->data(), unread->bytes(), DataType::Int8, seed - 1);
    m_memory.push_back(std::move(*unread));
    return filled;
}

std::uint64_t StepWeights::bytes() const {
    std::uint64_t bytes = 0;
    for (const DeviceBuffer& memory : m_memory)
        bytes += memory.bytes();
    return bytes;
}

} // namespace decodescope
