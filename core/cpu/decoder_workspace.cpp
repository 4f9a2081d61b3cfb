// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/decoder_workspace.h"

#include <algorithm>
#include <vector>

#include "core/cpu/random_fill.h"
#include "core/engine/step_work.h"
#include "core/spec/count.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

Attention::Shape shapeOf(const LayerSpec& layer, const DecoderRequest& request) {
    return {request.batch,         layer.nHeads,   layer.nKvHeads,
            layer.headDimK,        layer.headDimV, tokensHeld(layer, request),
            request.pageTokens > 0};
}

std::vector<Attention::Shape> shapesOf(const DecoderRequest& request, std::int64_t times) {
    std::vector<Attention::Shape> shapes;
    for (const LayerSpec& layer : request.model.layers) {
        shapes.push_back(shapeOf(layer, request));
        shapes.back().nHeads *= times;
    }
    return shapes;
}

/// The queries and attention outputs of the widest layer.
struct HeadBytes {
    std::uint64_t queries = 0, output = 0;
};

HeadBytes headBytes(const DecoderRequest& request, std::int64_t times) {
    HeadBytes most;
    for (const LayerSpec& layer : request.model.layers) {
        const std::uint64_t rows = count(request.batch * layer.nHeads * times) * sizeof(float);
        most.queries = std::max(most.queries, rows * count(layer.headDimK));
        most.output = std::max(most.output, rows * count(layer.headDimV));
    }
    return most;
}

} // namespace

std::uint64_t Workspace::bytesFor(const DecoderRequest& request, std::int64_t times, int threads) {
    const std::uint64_t ofAttention = Attention::workspaceBytes(shapesOf(request, times), threads);
    if (request.scope == Scope::Step)
        return saturatingAdd(
            ofAttention,
            StepWorkspace::bytesFor(request.model, request.weightsType, request.batch * times));
    const HeadBytes most = headBytes(request, times);
    return saturatingAdd(ofAttention, most.queries + most.output);
}

bool Workspace::allocate(const DecoderRequest& request, std::int64_t times, int threads) {
    if (!attention.grow(shapesOf(request, times), threads))
        return false;
    if (request.scope == Scope::Step) {
        activations = StepWorkspace(request.model, request.weightsType, request.batch * times);
        return activations.valid();
    }
    const HeadBytes most = headBytes(request, times);
    queries = Buffer(most.queries);
    output = Buffer(most.output);
    return queries.valid() && output.valid();
}

bool Workspace::lengthen(const DecoderRequest& request, int threads) {
    return attention.grow(shapesOf(request, 1), threads); // the rest has one row a sequence
}

bool Workspace::fill(ThreadPool& pool, std::uint64_t seed, const std::stop_token& stop) {
    return fillRandom(pool, queries, DataType::F32, seed, 0, stop) &&
           fillRandom(pool, activations.tokens, DataType::F32, ~seed, 0, stop);
}

} // namespace decodescope
