// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/plan/plan.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// Heads that stand on several ranks, since there are fewer than ranks; what the article's factor
/// n_heads shrinks to (Llama 2, arXiv:2307.09288, duplicated MQA's head on all of 8 GPUs).
std::string replication(const Plan& plan, const LayerSpec& layer) {
    const std::int64_t ranks = plan.deployment.tensorParallel;
    if (layer.attention == AttentionKind::Mla)
        return fmt::format("MLA's latent stands whole on each of {} tensor ranks: more ranks hold "
                           "no less of it each.",
                           ranks);
    if (layer.nKvHeads >= ranks)
        return {};
    std::string replicated = fmt::format(
        "{} KV head{} for {} tensor ranks: each holds one, so they stand there {:.4g} times over.",
        layer.nKvHeads, layer.nKvHeads == 1 ? "" : "s", ranks,
        static_cast<double>(ranks) / static_cast<double>(layer.nKvHeads));
    if (layer.nKvHeads == layer.nHeads)
        return replicated;
    return fmt::format("{} Against MHA divided over the same ranks the cache is {:.4g} times "
                       "smaller, not {:.4g}.",
                       replicated, plan.compressionVsMha,
                       static_cast<double>(layer.nHeads) / static_cast<double>(layer.nKvHeads));
}

} // namespace

std::vector<std::string> deploymentNotes(const Plan& plan) {
    std::vector<std::string> notes;
    const Deployment& deployment = plan.deployment;
    const LayerSpec* layer = plan.variant.model.attentionLayer();
    if (deployment.tensorParallel > 1 && !deployment.engine.splitsCache)
        notes.push_back(fmt::format("{} divides weights over {} ranks, not the cache: it stands "
                                    "whole on one of them.",
                                    deployment.engine.title, deployment.tensorParallel));
    else if (deployment.tensorParallel > 1 && layer)
        if (std::string note = replication(plan, *layer); !note.empty())
            notes.push_back(std::move(note));
    if (layer && layer->nHeads % deployment.tensorParallel != 0)
        notes.push_back(fmt::format("{} query heads do not divide by {} tensor ranks: engines that "
                                    "divide whole heads evenly refuse it.",
                                    layer->nHeads, deployment.tensorParallel));
    if (deployment.pipelineParallel > 1)
        notes.push_back(fmt::format("Of {} pipeline stages the fullest needs {} a device; it "
                                    "decides what fits.",
                                    deployment.pipelineParallel,
                                    formatBytes(plan.fullestRank.totalBytes())));
    return notes;
}

} // namespace decodescope
