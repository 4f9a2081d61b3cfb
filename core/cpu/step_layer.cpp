// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/step_layer.h"

#include <algorithm>

#include "core/cpu/norm_rope.h"
#include "core/cpu/projection_kernel.h"
#include "core/cpu/random_fill.h"
#include "core/cpu/weight_panels.h"
#include "core/engine/rotary_table.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

std::uint64_t floats(std::int64_t rows, std::int64_t columns) {
    return saturatingMultiply(static_cast<std::uint64_t>(rows) * sizeof(float),
                              static_cast<std::uint64_t>(columns));
}

struct MatrixBytes {
    std::uint64_t queryKeyValue, output, gateUp, down;
};

std::int64_t qkvWidth(const LayerSpec& layer) {
    return layer.nHeads * layer.headDimK + layer.nKvHeads * (layer.headDimK + layer.headDimV);
}
std::int64_t gateUpWidth(const LayerSpec& layer) {
    return (layer.ffn.gated ? 2 : 1) * layer.ffn.hidden;
}

MatrixBytes matrixBytes(const ModelSpec& model, const LayerSpec& layer, DataType type) {
    const std::int64_t hidden = model.hiddenSize;
    return {panelBytes(type, qkvWidth(layer), hidden),
            panelBytes(type, hidden, layer.nHeads * layer.headDimV),
            panelBytes(type, gateUpWidth(layer), hidden),
            panelBytes(type, hidden, layer.ffn.hidden)};
}

struct Widths {
    std::int64_t qkv = 0, queries = 0, attended = 0, gateUp = 0, ffn = 0, rotary = 0;
    std::int64_t input = 0; ///< of any projection
};

Widths widest(const ModelSpec& model) {
    Widths most;
    for (const LayerSpec& layer : model.layers) {
        most.qkv = std::max(most.qkv, qkvWidth(layer));
        most.queries = std::max(most.queries, layer.nHeads * layer.headDimK);
        most.attended = std::max(most.attended, layer.nHeads * layer.headDimV);
        most.gateUp = std::max(most.gateUp, gateUpWidth(layer));
        most.ffn = std::max(most.ffn, layer.ffn.hidden);
        most.rotary = std::max(most.rotary, layer.headDimK);
    }
    most.input = std::max({model.hiddenSize, most.attended, most.ffn});
    return most;
}

/// Rotates the new token's queries and keys of one sequence and puts its key and value in the
/// cache.
void appendToken(const StepLayer& layer, std::int64_t sequence, StepWorkspace& work) {
    const LayerSpec& spec = layer.spec;
    const auto dk = static_cast<std::size_t>(spec.headDimK);
    const std::int64_t queryWidth = spec.nHeads * spec.headDimK;
    float* row = work.qkv.as<float>() + sequence * qkvWidth(spec);
    const float* table = work.rotary.as<float>();
    for (std::int64_t h = 0; h < spec.nHeads + spec.nKvHeads; ++h)
        rotate({row + h * spec.headDimK, dk}, table);
    std::copy_n(row, queryWidth, work.queries.as<float>() + sequence * queryWidth);
    if (!spec.ownsCache || sequence >= static_cast<std::int64_t>(layer.tokens.size()))
        return;
    const float* keys = row + queryWidth;
    const float* values = keys + spec.nKvHeads * spec.headDimK;
    const std::int64_t slot = layer.tokens[static_cast<std::size_t>(sequence)] - 1;
    for (std::int64_t h = 0; h < spec.nKvHeads; ++h)
        layer.cache.put(sequence, h, slot, keys + h * spec.headDimK, values + h * spec.headDimV);
}

void normSequence(const ModelSpec& model, std::int64_t sequence, StepWorkspace& work) {
    const std::int64_t at = sequence * model.hiddenSize;
    rmsNorm({work.residual.as<float>() + at, static_cast<std::size_t>(model.hiddenSize)},
            work.normed.as<float>() + at);
}

constexpr std::int64_t kActivationSlice = 4096; ///< a few microseconds

/// Elements [first, first + kActivationSlice) of one sequence's feed-forward layer.
void activate(const LayerSpec& spec, std::int64_t sequence, std::int64_t first,
              StepWorkspace& work) {
    const std::int64_t width = spec.ffn.hidden;
    const std::int64_t count = std::min(kActivationSlice, width - first);
    const float* row = work.gateUp.as<float>() + sequence * gateUpWidth(spec) + first;
    float* out = work.ffn.as<float>() + sequence * width + first;
    if (spec.ffn.gated)
        swiGlu(row, row + width, count, out);
    else
        gelu(row, count, out);
}

} // namespace

LayerWeights::LayerWeights(const ModelSpec& model, const LayerSpec& layer, DataType type,
                           std::byte* at) {
    const MatrixBytes bytes = matrixBytes(model, layer, type);
    const auto next = [&at](std::uint64_t size) {
        const std::span<std::byte> matrix(at, size);
        at += size;
        return matrix;
    };
    queryKeyValue = next(bytes.queryKeyValue);
    output = next(bytes.output);
    gateUp = next(bytes.gateUp);
    down = next(bytes.down);
}

std::uint64_t LayerWeights::bytesFor(const ModelSpec& model, const LayerSpec& layer,
                                     DataType type) {
    const MatrixBytes bytes = matrixBytes(model, layer, type);
    return saturatingAdd(saturatingAdd(bytes.queryKeyValue, bytes.output),
                         saturatingAdd(bytes.gateUp, bytes.down));
}

bool LayerWeights::fill(ThreadPool& pool, DataType type, std::uint64_t seed,
                        const std::stop_token& stop) {
    constexpr int kScale = -6; // 1 / sqrt(4096); the norms see to the rest
    std::uint64_t next = seed * 4;
    for (const std::span<std::byte> matrix : {queryKeyValue, output, gateUp, down})
        if (!fillRandomPanels(pool, matrix, type, next++, kScale, stop))
            return false;
    return true;
}

StepWorkspace::StepWorkspace(const ModelSpec& model, DataType weightsType, std::int64_t batch)
    : tokens(floats(batch, model.hiddenSize)), residual(floats(batch, model.hiddenSize)),
      normed(floats(batch, model.hiddenSize)), qkv(floats(batch, widest(model).qkv)),
      queries(floats(batch, widest(model).queries)),
      attended(floats(batch, widest(model).attended)), gateUp(floats(batch, widest(model).gateUp)),
      ffn(floats(batch, widest(model).ffn)), logits(floats(batch, model.vocabSize)),
      rotary(floats(1, widest(model).rotary)),
      packed(projectionScratchBytes(weightsType, widest(model).input, batch)) {}

std::uint64_t StepWorkspace::bytesFor(const ModelSpec& model, DataType weightsType,
                                      std::int64_t batch) {
    const Widths most = widest(model);
    const std::int64_t columns = 3 * model.hiddenSize + most.qkv + most.queries + most.attended +
                                 most.gateUp + most.ffn + model.vocabSize;
    return saturatingAdd(saturatingAdd(floats(batch, columns), floats(1, most.rotary)),
                         projectionScratchBytes(weightsType, most.input, batch));
}

bool StepWorkspace::valid() const {
    return tokens.valid() && residual.valid() && normed.valid() && qkv.valid() && queries.valid() &&
           attended.valid() && gateUp.valid() && ffn.valid() && logits.valid() && rotary.valid() &&
           packed.valid();
}

std::uint64_t StepWorkspace::bytes() const {
    return tokens.bytes() + residual.bytes() + normed.bytes() + qkv.bytes() + queries.bytes() +
           attended.bytes() + gateUp.bytes() + ffn.bytes() + logits.bytes() + rotary.bytes() +
           packed.bytes();
}

void startStep(StepWorkspace& work) {
    std::copy_n(work.tokens.data(), work.tokens.bytes(), work.residual.data());
    work.rotaryWidth = 0;
}

bool runStepLayer(ThreadPool& pool, const StepLayer& layer, Attention& attention,
                  StepWorkspace& work, const std::stop_token& stop) {
    const LayerSpec& spec = layer.spec;
    const DataType type = layer.weightsType;
    const std::int64_t hidden = layer.model.hiddenSize;
    const std::int64_t batch =
        static_cast<std::int64_t>(layer.tokens.size()) * layer.rowsPerSequence;
    const auto part = [&](std::int64_t rows) {
        return std::max<std::int64_t>(1, rows / layer.matrixParts);
    };
    auto* residual = work.residual.as<float>();
    auto* normed = work.normed.as<float>();
    std::byte* packed = work.packed.data();
    const auto norm = [&](std::int64_t s, int) { normSequence(layer.model, s, work); };
    const auto append = [&](std::int64_t s, int) { appendToken(layer, s, work); };
    const std::int64_t slices = (spec.ffn.hidden + kActivationSlice - 1) / kActivationSlice;
    const auto activation = [&](std::int64_t unit, int) {
        activate(spec, unit / slices, unit % slices * kActivationSlice, work);
    };

    if (work.rotaryWidth != spec.headDimK) {
        rotaryTable(spec.headDimK, layer.position, work.rotary.as<float>());
        work.rotaryWidth = spec.headDimK;
    }
    return pool.run(batch, stop, norm) &&
           project(pool,
                   {type, layer.weights.queryKeyValue.data(), part(qkvWidth(spec)), hidden, batch,
                    normed, work.qkv.as<float>(), false, packed},
                   stop) &&
           pool.run(batch, stop, append) &&
           attention.run(pool, layer.cache, layer.unit, spec.nHeads * layer.rowsPerSequence,
                         layer.tokens, work.queries.as<float>(), work.attended.as<float>(), stop) &&
           project(pool,
                   {type, layer.weights.output.data(), part(hidden), spec.nHeads * spec.headDimV,
                    batch, work.attended.as<float>(), residual, true, packed},
                   stop) &&
           pool.run(batch, stop, norm) &&
           project(pool,
                   {type, layer.weights.gateUp.data(), part(gateUpWidth(spec)), hidden, batch,
                    normed, work.gateUp.as<float>(), false, packed},
                   stop) &&
           pool.run(batch * slices, stop, activation) &&
           project(pool,
                   {type, layer.weights.down.data(), part(hidden), spec.ffn.hidden, batch,
                    work.ffn.as<float>(), residual, true, packed},
                   stop);
}

bool runLmHead(ThreadPool& pool, const ModelSpec& model, DataType type,
               std::span<const std::byte> head, std::int64_t vocabRows, std::int64_t batch,
               StepWorkspace& work, const std::stop_token& stop) {
    return pool.run(batch, stop, [&](std::int64_t s, int) { normSequence(model, s, work); }) &&
           project(pool,
                   {type, head.data(), vocabRows, model.hiddenSize, batch, work.normed.as<float>(),
                    work.logits.as<float>(), false, work.packed.data()},
                   stop);
}

} // namespace decodescope
