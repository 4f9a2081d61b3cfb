// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "core/spec/model_spec.h"

namespace decodescope {

/// Amounts of a model's tensors by kind, as KeptWeights tells them apart. Expected values need not
/// be whole.
struct WeightKinds {
    double attention = 0;
    double feedForward = 0; ///< dense, and of the experts every token passes
    double experts = 0;
    double routers = 0;
    double embedding = 0; ///< of the input, where it is not the head too
    double head = 0;
    double others = 0; ///< what the shape of the layers does not tell

    [[nodiscard]] double sum() const;
};

/// Elements, and the bytes that WeightsSpec::scales puts beside them where all are quantised.
struct WeightAmounts {
    WeightKinds elements;
    WeightKinds scaleBytes;
};

/// All that are resident; nothing where the shape does not tell (no hidden or vocabulary size).
[[nodiscard]] std::optional<WeightAmounts> residentWeights(const ModelSpec& model);
/// Those that one step reads for `batch` sequences (parametersRead()); nothing as above.
[[nodiscard]] std::optional<WeightAmounts> weightsRead(const ModelSpec& model, std::int64_t batch);
/// Those of these layers alone; with the input's embedding and the output's head where asked for,
/// both of which are one table in a model that ties them.
[[nodiscard]] WeightAmounts weightsOfLayers(const ModelSpec& model, bool embedding, bool head);

/// Bytes of these elements where all but the kept ones are of `type`.
[[nodiscard]] double bytesOf(const WeightAmounts& weights, DataType type, const KeptWeights& kept);

} // namespace decodescope
