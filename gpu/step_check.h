// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/engine/self_test.h"
#include "gpu/gpu_runtime.h"
#include "gpu/kernels/kv_format.h"
#include "gpu/step_projector.h"

namespace decodescope {

/// The values as f16 (bf16 with KvFormat::BF16) keeps them, and what those are worth.
[[nodiscard]] std::vector<std::uint16_t> asHalves(gpu::KvFormat format,
                                                  std::span<const float> values);
[[nodiscard]] std::vector<float> fromHalves(gpu::KvFormat format,
                                            std::span<const std::uint16_t> halves);

/// `count` normal values.
[[nodiscard]] std::vector<float> normalValues(std::size_t count, std::mt19937_64& random);
/// A matrix of random weights, laid out by `format`.
[[nodiscard]] std::vector<std::byte> randomMatrix(gpu::WeightFormat format, int rows, int columns,
                                                  std::mt19937_64& random);
/// Its weights, row by row, each by its definition.
[[nodiscard]] std::vector<float>
decodedWeights(gpu::WeightFormat format, std::span<const std::byte> matrix, int rows, int columns);

/// silu(gate) × up, and GELU by the tanh formula, in double precision.
[[nodiscard]] double referenceSwiGlu(double gate, double up);
[[nodiscard]] double referenceGelu(double x);

/// One projection of random weights and inputs, and what it comes to.
class ProjectionData {
public:
    ProjectionData(const ProjectionShape& shape, std::uint64_t seed);

    /// ‖out − reference‖ / ‖reference‖ of what `projector` computes on a GPU, its output poisoned
    /// first, against the double reference on the same rounded inputs. Errors: those of project().
    [[nodiscard]] Result<double> errorOn(const std::shared_ptr<GpuRuntime>& gpu,
                                         const Projector& projector) const;

private:
    [[nodiscard]] std::vector<double> activated(std::span<const double> sums) const;

    ProjectionShape m_shape;
    std::vector<std::byte> m_matrix;
    std::vector<std::uint16_t> m_in;
    std::vector<double> m_expected; ///< [sequence][row]
};

/// What a projection may be off by: sums are f32 all through, and an activation's result is 16
/// bits. The library adds up in an order of its own.
[[nodiscard]] double allowedError(const Projector& projector);

/// The projections of a self-test: sizes that break things, every batch that there is a kernel for.
[[nodiscard]] std::vector<ProjectionShape> projectionChecks(bool full);
/// "q4_0, 61 × 4096, batch 3"
[[nodiscard]] std::string label(const ProjectionShape& shape);
/// One of them by our own kernel, and, where there is a `library` that multiplies it, one by that.
/// Errors: those of GpuRuntime.
[[nodiscard]] Result<std::vector<SelfTestResult>>
checkProjection(const std::shared_ptr<GpuRuntime>& gpu, const CublasLt* library,
                const ProjectionShape& shape, std::uint64_t seed);

} // namespace decodescope
