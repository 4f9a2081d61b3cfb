// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/plan/engines/engine.h"
#include "core/spec/model_spec.h"

namespace decodescope::fuzz {

/// Does with a model what the program does with one it has read: writes it as JSON and reads it
/// back, makes its variants, and plans them under an engine, over ranks, at contexts and with types
/// that `choice` picks. Requires that the model is valid, that nothing shrinks as the context
/// grows, and that the longest context fits while one more token does not.
void useModel(const ModelSpec& model, std::uint64_t choice);

/// The plans alone, under this engine.
void planUnder(const Engine& engine, const ModelSpec& model, std::uint64_t choice);

/// Requires of what a reader said of a file: a valid model, or a sentence that names the place.
void useResult(const Result<ModelSpec>& result, std::uint64_t choice);

} // namespace decodescope::fuzz
