// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "core/spec/data_type.h"

namespace decodescope {

/// What a quantisation leaves as it was: of each kind of tensors the share, from 0 to 1, of their
/// elements. Norms and biases are among the others, which the shape of the layers does not tell.
struct KeptWeights {
    DataType type = DataType::BF16; ///< of what is left
    double attention = 0;
    double feedForward = 0; ///< dense, and of the experts every token passes
    double experts = 0;
    double routers = 1;
    double embedding = 1; ///< of the input, where it is not the head too
    double head = 1;
    double others = 1;
    bool operator==(const KeptWeights&) const = default;
};

/// What a quantisation stores beside a matrix whose elements alone say nothing: scales and zero
/// points of groups of inputs, the group that each input is in, and whatever a matrix has once.
/// Types whose blocks hold their scales (q4_0, mxfp4) need none of it.
struct WeightScales {
    std::int64_t inputs = 0;   ///< that share a scale; 0: all of a matrix
    std::int64_t outputs = 1;  ///< that share a scale; 0: all of a matrix
    double scaleBytes = 2;     ///< of one scale; a fraction where scales have scales of their own
    std::int64_t zeroBits = 0; ///< of one zero point, packed in words of 32 bits; 0: none is stored
    std::int64_t inputBytes = 0;  ///< of one input, for the number of its group
    std::int64_t matrixBytes = 0; ///< of one matrix
    bool operator==(const WeightScales&) const = default;

    /// Bytes beside a matrix of inputs × outputs elements.
    [[nodiscard]] double bytes(std::int64_t matrixInputs, std::int64_t matrixOutputs) const;
    /// The same for each of many elements whose matrices are not known.
    [[nodiscard]] double bytesPerElement() const;
};

/// What is known of the weights. A file tells exact bytes; a shape tells a parameter count.
struct WeightsSpec {
    std::optional<std::uint64_t> parameters;       ///< all that are resident
    std::optional<std::uint64_t> activeParameters; ///< those one token reads (MoE: fewer)
    std::optional<std::uint64_t> exactBytes;       ///< from a file's tensor table
    std::optional<DataType> type;                  ///< as stored; the commonest type of a mix
    std::optional<KeptWeights> kept = {};          ///< what is not of that type
    std::optional<WeightScales> scales = {};       ///< what stands beside what is of that type
    bool operator==(const WeightsSpec&) const = default;
};

void to_json(nlohmann::json& json, const KeptWeights& kept);
/// Throws nlohmann::json::exception naming the key, as the next one does.
void from_json(const nlohmann::json& json, KeptWeights& kept);
void to_json(nlohmann::json& json, const WeightScales& scales);
void from_json(const nlohmann::json& json, WeightScales& scales);

} // namespace decodescope
