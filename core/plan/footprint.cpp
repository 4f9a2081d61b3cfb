// SPDX-License-Identifier: Apache-2.0
#include "core/plan/footprint.h"

#include <algorithm>

#include "core/plan/weight_kinds.h"
#include "core/spec/count.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// Bytes of one stored parameter: of the file as it is where `type` is the file's own, since a
/// file mixes types.
double bytesPerParameter(const ModelSpec& model, DataType type) {
    const WeightsSpec& weights = model.weights;
    if (weights.exactBytes && weights.type == type && weights.parameters.value_or(0) > 0)
        return static_cast<double>(*weights.exactBytes) / static_cast<double>(*weights.parameters);
    return info(type).bytesPerElement();
}

} // namespace

const KeptWeights* keptBeside(const ModelSpec& model, DataType type) {
    const WeightsSpec& weights = model.weights;
    return weights.kept && weights.type == type && weights.parameters ? &*weights.kept : nullptr;
}

std::uint64_t Footprint::totalBytes() const {
    return saturatingAdd(saturatingAdd(weightsBytes, kvBytes),
                         saturatingAdd(workspaceBytes, overheadBytes));
}

std::uint64_t kvBytes(const ModelSpec& model, KvTypes types, std::int64_t context,
                      std::int64_t batch, std::int64_t tensorParallel) {
    std::uint64_t sequence = 0;
    for (const LayerSpec& layer : model.layers)
        sequence = saturatingAdd(sequence, cacheLaw(layer, types, tensorParallel).bytes(context));
    return saturatingMultiply(sequence, count(batch));
}

std::uint64_t kvBytesPerToken(const ModelSpec& model, KvTypes types, std::int64_t tensorParallel) {
    std::uint64_t bytes = 0;
    for (const LayerSpec& layer : model.layers)
        bytes = saturatingAdd(bytes, cacheLaw(layer, types, tensorParallel).bytesPerToken);
    return bytes;
}

std::uint64_t weightsBytes(const ModelSpec& model, DataType type) {
    const WeightsSpec& weights = model.weights;
    if (weights.exactBytes && weights.type == type)
        return *weights.exactBytes;
    const KeptWeights* kept = keptBeside(model, type);
    if (const auto all = residentWeights(model); kept && all)
        return saturatingRound(bytesOf(*all, type, *kept));
    return saturatingRound(static_cast<double>(weights.parameters.value_or(0)) *
                           info(type).bytesPerElement());
}

double parametersRead(const ModelSpec& model, std::int64_t batch) {
    if (const auto read = weightsRead(model, batch))
        return read->elements.sum();
    const WeightsSpec& weights = model.weights;
    return static_cast<double>(weights.activeParameters.value_or(weights.parameters.value_or(0)));
}

std::uint64_t weightsBytesRead(const ModelSpec& model, DataType type, std::int64_t batch) {
    const std::uint64_t resident = weightsBytes(model, type);
    const KeptWeights* kept = keptBeside(model, type);
    if (const auto read = weightsRead(model, batch); kept && read)
        return std::min(resident, saturatingRound(bytesOf(*read, type, *kept)));
    const double parameters = parametersRead(model, batch);
    if (resident == 0 || parameters == 0) // nothing to tell the parts apart by: all are read
        return resident;
    return std::min(resident, saturatingRound(parameters * bytesPerParameter(model, type)));
}

StepWidths stepWidths(const ModelSpec& model) {
    StepWidths widths{2 * model.hiddenSize, 0, 0, model.vocabSize};
    for (const LayerSpec& layer : model.layers) {
        widths.attention = std::max(widths.attention, (layer.nHeads + layer.nKvHeads) *
                                                          (layer.headDimK + layer.headDimV));
        const std::int64_t width =
            layer.ffn.experts > 0
                ? layer.ffn.expertsPerToken * layer.ffn.expertHidden + layer.ffn.sharedHidden
                : layer.ffn.hidden;
        widths.ffn = std::max(widths.ffn, 2 * width);
    }
    return widths;
}

std::uint64_t workspaceBytes(const ModelSpec& model, std::int64_t batch) {
    const StepWidths widths = stepWidths(model);
    const std::int64_t values = widths.residual + widths.attention + widths.ffn + widths.logits;
    return saturatingMultiply(saturatingMultiply(count(values), sizeof(float)), count(batch));
}

Footprint footprint(const ModelSpec& model, const Workload& workload, std::int64_t context,
                    std::int64_t batch, Scope scope) {
    Footprint bytes;
    if (scope == Scope::Step)
        bytes.weightsBytes = weightsBytes(model, workload.weightsType);
    bytes.kvBytes = kvBytes(model, workload.kvTypes, context, batch);
    bytes.workspaceBytes = workspaceBytes(model, batch);
    return bytes;
}

} // namespace decodescope
