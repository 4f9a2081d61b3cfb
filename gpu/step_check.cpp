// SPDX-License-Identifier: Apache-2.0
#include "gpu/step_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include <fmt/format.h>

#include "core/engine/float_bits.h"
#include "core/engine/reference.h"

namespace decodescope {
namespace {

using gpu::Activation;
using gpu::KvFormat;
using gpu::WeightFormat;

std::uint16_t halfOf(KvFormat format, float value) {
    return format == KvFormat::BF16 ? toBf16(value) : toF16(value);
}

float valueOf(KvFormat format, std::uint16_t half) {
    return format == KvFormat::BF16 ? fromBf16(half) : fromF16(half);
}

std::uint16_t halfAt(std::span<const std::byte> bytes, std::size_t index) {
    std::uint16_t half = 0;
    std::memcpy(&half, bytes.data() + index * sizeof(half), sizeof(half));
    return half;
}

DataType typeOf(WeightFormat format) {
    switch (format) {
    case WeightFormat::F16:
        return DataType::F16;
    case WeightFormat::BF16:
        return DataType::BF16;
    case WeightFormat::Q8:
        return DataType::Q8_0;
    case WeightFormat::Q4:
        return DataType::Q4_0;
    }
    return DataType::F16;
}

/// Memory of a GPU with this content, or with NaNs.
class Held {
public:
    explicit Held(std::shared_ptr<GpuRuntime> gpu) : m_gpu(std::move(gpu)) {}

    template <typename T>
    [[nodiscard]] T* copyOf(const std::vector<T>& values) {
        std::byte* const to = memory(values.size() * sizeof(T));
        if (m_status)
            m_status = m_gpu->copyToDevice(to, values.data(), values.size() * sizeof(T));
        return reinterpret_cast<T*>(to);
    }
    template <typename T>
    [[nodiscard]] T* poisoned(std::size_t count) {
        std::byte* const to = memory(count * sizeof(T));
        if (m_status)
            m_status = m_gpu->setBytes(to, 0xFF, count * sizeof(T));
        return reinterpret_cast<T*>(to);
    }
    [[nodiscard]] std::byte* memory(std::uint64_t bytes) {
        if (!m_status)
            return nullptr;
        Result<DeviceBuffer> buffer = DeviceBuffer::make(m_gpu, bytes);
        if (!buffer) {
            m_status = buffer.error();
            return nullptr;
        }
        m_buffers.push_back(std::move(*buffer));
        return m_buffers.back().data();
    }
    [[nodiscard]] const Status& status() const { return m_status; }

private:
    std::shared_ptr<GpuRuntime> m_gpu;
    std::vector<DeviceBuffer> m_buffers;
    Status m_status = Done{};
};

} // namespace

std::vector<std::uint16_t> asHalves(KvFormat format, std::span<const float> values) {
    std::vector<std::uint16_t> halves;
    for (const float value : values)
        halves.push_back(halfOf(format, value));
    return halves;
}

std::vector<float> fromHalves(KvFormat format, std::span<const std::uint16_t> halves) {
    std::vector<float> values;
    for (const std::uint16_t half : halves)
        values.push_back(valueOf(format, half));
    return values;
}

std::vector<float> normalValues(std::size_t count, std::mt19937_64& random) {
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    std::generate(values.begin(), values.end(), [&] { return normal(random); });
    return values;
}

std::vector<std::byte> randomMatrix(WeightFormat format, int rows, int columns,
                                    std::mt19937_64& random) {
    std::vector<std::byte> matrix(
        static_cast<std::size_t>(gpu::matrixBytes(format, rows, columns)));
    const bool inBlocks = gpu::hasScales(format);
    const auto integers =
        inBlocks ? static_cast<std::size_t>(gpu::scalesOffset(format, rows, columns)) : 0;
    for (std::size_t i = 0; i < integers; ++i)
        matrix[i] = static_cast<std::byte>(random());
    std::normal_distribution<float> normal;
    for (std::size_t at = integers; at < matrix.size(); at += sizeof(std::uint16_t)) {
        const float wish = inBlocks ? std::exp(normal(random)) / 64 : normal(random) / 16;
        const std::uint16_t half = halfOf(gpu::inputFormat(format), wish);
        std::memcpy(matrix.data() + at, &half, sizeof(half));
    }
    return matrix;
}

std::vector<float> decodedWeights(WeightFormat format, std::span<const std::byte> matrix, int rows,
                                  int columns) {
    const int chunks = gpu::rowChunks(format, columns);
    const auto scales =
        matrix.subspan(static_cast<std::size_t>(gpu::scalesOffset(format, rows, columns)));
    std::vector<float> weights(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (!gpu::hasScales(format)) {
            weights[i] = valueOf(gpu::inputFormat(format), halfAt(matrix, i));
            continue;
        }
        const std::size_t row = i / static_cast<std::size_t>(columns);
        const auto column = static_cast<int>(i % static_cast<std::size_t>(columns));
        const auto at = static_cast<std::size_t>(gpu::weightPlace(format, columns, column));
        const auto bytes =
            matrix.subspan(row * static_cast<std::size_t>(chunks * gpu::kChunkBytes));
        const int steps = format == WeightFormat::Q8
                              ? static_cast<std::int8_t>(bytes[at])
                              : (static_cast<int>(bytes[at / 2]) >> (at % 2 * 4) & 15) - 8;
        weights[i] = static_cast<float>(steps) * fromF16(halfAt(scales, i / gpu::kWeightBlock));
    }
    return weights;
}

double referenceSwiGlu(double gate, double up) {
    return gate / (1 + std::exp(-gate)) * up;
}

double referenceGelu(double x) {
    return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

ProjectionData::ProjectionData(const ProjectionShape& shape, std::uint64_t seed) : m_shape(shape) {
    std::mt19937_64 random(seed);
    m_matrix = randomMatrix(shape.format, shape.rows, shape.columns, random);
    const KvFormat input = gpu::inputFormat(shape.format);
    m_in = asHalves(input, normalValues(static_cast<std::size_t>(shape.batch) *
                                            static_cast<std::size_t>(shape.columns),
                                        random));
    m_expected = activated(
        referenceProjection(decodedWeights(shape.format, m_matrix, shape.rows, shape.columns),
                            fromHalves(input, m_in), shape.columns));
}

std::vector<double> ProjectionData::activated(std::span<const double> sums) const {
    const auto rows = static_cast<std::size_t>(m_shape.rows);
    const std::size_t width = m_shape.activation == Activation::SwiGlu ? rows / 2 : rows;
    std::vector<double> out;
    for (std::size_t row = 0; row < sums.size(); row += rows)
        for (std::size_t i = row; i < row + width; ++i)
            out.push_back(m_shape.activation == Activation::None ? sums[i]
                          : m_shape.activation == Activation::Gelu
                              ? referenceGelu(sums[i])
                              : referenceSwiGlu(sums[i], sums[i + width]));
    return out;
}

Result<double> ProjectionData::errorOn(const std::shared_ptr<GpuRuntime>& gpu,
                                       const Projector& projector) const {
    Held held(gpu);
    const std::byte* const matrix = held.copyOf(m_matrix);
    GpuMatrix placed{matrix, nullptr};
    if (gpu::hasScales(m_shape.format))
        placed.scales = reinterpret_cast<const std::uint16_t*>(
            matrix + gpu::scalesOffset(m_shape.format, m_shape.rows, m_shape.columns));
    const std::size_t sums = static_cast<std::size_t>(m_shape.batch) *
                             static_cast<std::size_t>(m_shape.rows) *
                             static_cast<std::size_t>(projector.parts());
    ProjectionRoom room;
    room.in = held.copyOf(m_in);
    room.sums = held.poisoned<float>(sums);
    room.activated = held.poisoned<std::uint16_t>(m_expected.size());
    if (projector.product)
        room.workspace = held.memory(CublasLt::kWorkspaceBytes);
    Status status = held.status();
    if (status)
        status = project(*gpu, projector, placed, room);
    std::vector<float> out(m_expected.size());
    if (m_shape.activation == Activation::None) {
        std::vector<float> parts(sums);
        if (status)
            status = gpu->copyToHost(parts.data(), reinterpret_cast<std::byte*>(room.sums),
                                     sums * sizeof(float));
        for (std::size_t i = 0; i < sums; ++i)
            out[i % out.size()] += parts[i];
    } else {
        std::vector<std::uint16_t> halves(out.size());
        if (status)
            status = gpu->copyToHost(halves.data(), reinterpret_cast<std::byte*>(room.activated),
                                     halves.size() * sizeof(halves[0]));
        out = fromHalves(gpu::inputFormat(m_shape.format), halves);
    }
    if (!status)
        return status.error();
    return relativeError(out, m_expected);
}

double allowedError(const Projector& projector) {
    constexpr double kF16 = 5e-4;
    constexpr double kBf16 = 4e-3;
    if (projector.shape.activation != Activation::None)
        return projector.shape.format == WeightFormat::BF16 ? kBf16 : kF16;
    return projector.product ? 1e-4 : 5e-6;
}

std::vector<ProjectionShape> projectionChecks(bool full) {
    constexpr int kRows = 62;
    constexpr int kFewProducts = 20'000;
    std::vector<ProjectionShape> shapes;
    for (const WeightFormat format :
         {WeightFormat::F16, WeightFormat::BF16, WeightFormat::Q8, WeightFormat::Q4}) {
        for (const int columns : {8, 32, 96, 1056, 4096, 14336})
            for (const int batch : {1, 2, 3, 5, 8, 16, 65})
                if (columns % columnGrain(format) == 0 && (full || batch * columns < kFewProducts))
                    shapes.push_back({format, kRows - 1, columns, batch, Activation::None});
        for (const Activation activation : {Activation::SwiGlu, Activation::Gelu})
            for (const int batch : {1, 2, 4, 9})
                shapes.push_back({format, kRows, 1056, batch, activation});
    }
    return shapes;
}

std::string label(const ProjectionShape& shape) {
    return fmt::format("{}, {} × {}, batch {}", name(typeOf(shape.format)), shape.rows,
                       shape.columns, shape.batch);
}

Result<std::vector<SelfTestResult>> checkProjection(const std::shared_ptr<GpuRuntime>& gpu,
                                                    const CublasLt* library,
                                                    const ProjectionShape& shape,
                                                    std::uint64_t seed) {
    std::vector<Projector> projectors = {
        {shape, planProjection(gpu->properties(), shape), nullptr}};
    if (library && !gpu::hasScales(shape.format))
        if (Result<std::unique_ptr<CublasLt::Product>> product = library->plan(shape))
            projectors.push_back({shape, projectors[0].plan, std::move(*product)});
    const ProjectionData data(shape, seed);
    std::vector<SelfTestResult> results;
    for (const Projector& projector : projectors) {
        const Result<double> error = data.errorOn(gpu, projector);
        if (!error)
            return error.error();
        SelfTestResult result;
        result.kernel = projector.product ? "projection by cuBLASLt" : "projection";
        if (shape.activation != Activation::None)
            result.kernel += shape.activation == Activation::Gelu ? ", GELU" : ", SwiGLU";
        result.type = typeOf(shape.format);
        result.batch = shape.batch;
        result.error = *error;
        result.bound = allowedError(projector);
        result.rows = shape.rows;
        result.columns = shape.columns;
        results.push_back(std::move(result));
    }
    return results;
}

} // namespace decodescope
