// SPDX-License-Identifier: Apache-2.0
#include "app/cli/options/deployment_options.h"

#include <CLI/CLI.hpp>

namespace decodescope {

void DeploymentOptions::add(CLI::App& command, bool ranks) {
    const char* group = "Deployment";
    m_command = &command;
    command
        .add_option("--engine", engine,
                    "Whose allocation rules: ideal, vllm, llama.cpp, sglang, ollama, transformers; "
                    "with options of its own, as in llama.cpp:swa-full or vllm:block=32")
        ->group(group);
    if (!ranks)
        return;
    command.add_option("--tp", tensorParallel, "Tensor-parallel ranks, 1 to 64")->group(group);
    command.add_option("--pp", pipelineParallel, "Pipeline ranks, at most one a layer")
        ->group(group);
}

Result<Deployment> DeploymentOptions::resolve(const ModelSpec& model) const {
    const Result<Engine> known = parseEngine(engine);
    if (!known)
        return known.error();
    Deployment deployment{*known, tensorParallel, pipelineParallel,
                          m_command != nullptr && m_command->count("--reserve") > 0};
    if (const Status status = validate(deployment, model); !status)
        return status.error();
    return deployment;
}

} // namespace decodescope
