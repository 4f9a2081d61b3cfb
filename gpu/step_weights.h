// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/engine/decoder.h"
#include "gpu/gpu_runtime.h"
#include "gpu/step_plan.h"

namespace decodescope {

/// A matrix in a GPU's memory, laid out by its WeightFormat.
struct GpuMatrix {
    const std::byte* weights = nullptr;
    const std::uint16_t* scales = nullptr; ///< of formats that have them
};

/// The matrices of a decoder layer, in the order in which a step reads them: queries, keys and
/// values in one, the attention's output, gate and up in one, and down.
enum LayerMatrix : std::uint8_t { QueryKeyValue, Output, GateUp, Down };
inline constexpr std::size_t kLayerMatrices = 4;

/// Their projections for `batch` sequences. Precondition: coveredByGpu().
[[nodiscard]] std::array<ProjectionShape, kLayerMatrices> layerProjections(const ModelSpec& model,
                                                                           const LayerSpec& layer,
                                                                           gpu::WeightFormat format,
                                                                           std::int64_t batch);
/// The LM head's.
[[nodiscard]] ProjectionShape headProjection(const ModelSpec& model, gpu::WeightFormat format,
                                             std::int64_t batch);

/// The weights of a whole decode step, of random content: those of the layers that are run, the LM
/// head, and what is held and never read (DecoderRequest::residentWeightsBytes).
class StepWeights {
public:
    explicit StepWeights(std::shared_ptr<GpuRuntime> gpu) : m_gpu(std::move(gpu)) {}

    /// What allocate() takes for one layer, and whatever the layers.
    [[nodiscard]] static std::uint64_t layerBytes(const DecoderRequest& request,
                                                  const LayerSpec& layer);
    [[nodiscard]] static std::uint64_t fixedBytes(const DecoderRequest& request);
    /// Errors: those of GpuRuntime.
    [[nodiscard]] Status allocate(const DecoderRequest& request, std::vector<LayerSpec> layers);

    /// Those that allocate() was given.
    [[nodiscard]] const std::vector<LayerSpec>& layers() const { return m_specs; }
    [[nodiscard]] const GpuMatrix& of(std::size_t layer, LayerMatrix matrix) const {
        return m_layers[layer][matrix];
    }
    [[nodiscard]] const GpuMatrix& head() const { return m_head; }
    [[nodiscard]] std::uint64_t bytes() const;

private:
    /// Places matrices of these shapes one after the other in memory of their own.
    [[nodiscard]] Status place(std::span<const ProjectionShape> shapes, std::uint64_t seed,
                               std::span<GpuMatrix> matrices);

    std::shared_ptr<GpuRuntime> m_gpu;
    std::vector<DeviceBuffer> m_memory;
    std::vector<LayerSpec> m_specs;
    std::vector<std::array<GpuMatrix, kLayerMatrices>> m_layers; ///< of each
    GpuMatrix m_head;
};

} // namespace decodescope
