// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/plan/engines/engine.h"

namespace decodescope {

[[nodiscard]] Engine vllmEngine();
[[nodiscard]] Engine llamaCppEngine();
[[nodiscard]] Engine sglangEngine();
[[nodiscard]] Engine ollamaEngine();
[[nodiscard]] Engine transformersEngine();

} // namespace decodescope
