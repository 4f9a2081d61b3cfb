// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>

#include "core/plan/deployment.h"

namespace decodescope {

/// Random models and deployments: every kind of cache beside every other, sizes from toy to beyond
/// today's. The same seed gives the same sequence.
class RandomModels {
public:
    explicit RandomModels(std::uint64_t seed) : m_random(seed) {}

    std::int64_t pick(std::int64_t least, std::int64_t most) {
        return std::uniform_int_distribution<std::int64_t>(least, most)(m_random);
    }
    bool oneIn(std::int64_t n) { return pick(1, n) == 1; }

    /// MHA, GQA or MQA throughout, half of the time with windows.
    ModelSpec softmaxModel() {
        static constexpr std::int64_t dims[] = {32, 64, 80, 96, 128, 192, 256};
        const std::int64_t kv = pick(1, 16);
        ModelSpec model = modelByHand({.layers = pick(1, 64),
                                       .nHeads = kv * pick(1, 16),
                                       .nKvHeads = kv,
                                       .headDim = dims[pick(0, 6)],
                                       .hiddenSize = 64 * pick(1, 256),
                                       .ffnHidden = 64 * pick(1, 512),
                                       .vocabSize = pick(100, 300000)});
        model.tiedEmbeddings = oneIn(2);
        if (oneIn(2))
            addWindows(model, pick(1, 4));
        return model;
    }

    ModelSpec model() {
        ModelSpec model = softmaxModel();
        if (oneIn(5))
            makeMla(model);
        if (oneIn(3))
            addStates(model, pick(2, 5));
        if (oneIn(4))
            shareCaches(model, pick(0, model.layerCount() - 1));
        return model;
    }

    KvTypes types() {
        static constexpr DataType all[] = {DataType::F32,  DataType::F16,  DataType::FP8_E4M3,
                                           DataType::Q8_0, DataType::Q4_0, DataType::BF16};
        return {all[pick(0, 5)], all[pick(0, 5)]};
    }

    /// One of the known engines, often with other block and batch sizes than its own.
    Engine engine() {
        Engine engine =
            engines()[static_cast<std::size_t>(pick(0, static_cast<int>(engines().size()) - 1))];
        if (oneIn(2) && !engine.isIdeal()) {
            engine.blockTokens = pick(1, 300);
            engine.batchedTokens = pick(1, 4096);
            engine.unified = oneIn(2);
            static constexpr MlaLayout layouts[] = {MlaLayout::Latent, MlaLayout::Decompressed,
                                                    MlaLayout::Fp8Row};
            engine.mla = layouts[pick(0, 2)];
        }
        return engine;
    }

    Deployment deployment(const ModelSpec& model) {
        Deployment deployment;
        deployment.engine = engine();
        deployment.tensorParallel = pick(1, 64);
        deployment.pipelineParallel = pick(1, std::min<std::int64_t>(8, model.layerCount()));
        return deployment;
    }

private:
    void makeMla(ModelSpec& model) {
        for (LayerSpec& layer : model.layers) {
            layer.attention = AttentionKind::Mla;
            layer.mla = {512, 64, 128, 128, 0};
        }
    }
    void addWindows(ModelSpec& model, std::int64_t globalEvery) {
        const std::int64_t window = pick(1, 4096);
        for (std::size_t i = 0; i < model.layers.size(); ++i)
            if (globalEvery == 1 || i % static_cast<std::size_t>(globalEvery) != 0)
                model.layers[i].window = window;
    }
    void addStates(ModelSpec& model, std::int64_t attentionEvery) {
        const auto bytes = static_cast<std::uint64_t>(pick(1, 4'000'000));
        const bool beside = oneIn(2);
        for (std::size_t i = 0; i < model.layers.size(); ++i) {
            if (i % static_cast<std::size_t>(attentionEvery) == 0)
                continue;
            model.layers[i].stateBytes = bytes;
            if (!beside)
                model.layers[i].attention = AttentionKind::Recurrent;
        }
    }
    /// The last layers read the cache of earlier ones.
    static void shareCaches(ModelSpec& model, std::int64_t count) {
        for (std::int64_t i = model.layerCount() - count; i < model.layerCount(); ++i)
            model.layers[static_cast<std::size_t>(i)].ownsCache = false;
    }

    std::mt19937_64 m_random;
};

} // namespace decodescope
