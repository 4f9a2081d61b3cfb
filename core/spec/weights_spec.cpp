// SPDX-License-Identifier: Apache-2.0
#include "core/spec/weights_spec.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/spec/json_field.h"
#include "core/spec/workload.h"

namespace decodescope {
namespace {

constexpr std::int64_t kWordBits = 32; ///< zero points are packed in such words
constexpr std::int64_t kMostBytes = 1 << 20;

/// Groups of `size` in `all`; one where a group holds all.
double groups(std::int64_t all, std::int64_t size) {
    if (size == 0)
        return 1;
    return std::ceil(static_cast<double>(all) / static_cast<double>(size));
}

/// One share of each kind, under the names they have in a record.
template <typename Kept, typename Use>
void forEachShare(Kept& kept, const Use& use) {
    use("attention", kept.attention);
    use("feed_forward", kept.feedForward);
    use("experts", kept.experts);
    use("routers", kept.routers);
    use("embedding", kept.embedding);
    use("head", kept.head);
    use("others", kept.others);
}

/// One count of each kind, under the names they have in a record.
template <typename Scales, typename Use>
void forEachCount(Scales& scales, const Use& use) {
    use("inputs_per_scale", scales.inputs);
    use("outputs_per_scale", scales.outputs);
    use("zero_point_bits", scales.zeroBits);
    use("bytes_per_input", scales.inputBytes);
    use("bytes_per_matrix", scales.matrixBytes);
}

} // namespace

double WeightScales::bytes(std::int64_t matrixInputs, std::int64_t matrixOutputs) const {
    const double inputGroups = groups(matrixInputs, inputs);
    const double words = groups(matrixOutputs * zeroBits, kWordBits);
    return inputGroups * groups(matrixOutputs, outputs) * scaleBytes +
           inputGroups * (zeroBits > 0 ? words * kWordBits / 8 : 0) +
           static_cast<double>(matrixInputs * inputBytes + matrixBytes);
}

double WeightScales::bytesPerElement() const {
    if (inputs == 0) // a row of a matrix is thousands of elements
        return 0;
    const double byGroup = static_cast<double>(zeroBits) / 8 +
                           (outputs > 0 ? scaleBytes / static_cast<double>(outputs) : 0);
    return byGroup / static_cast<double>(inputs);
}

void to_json(nlohmann::json& json, const KeptWeights& kept) {
    json = {{"dtype", name(kept.type)}};
    forEachShare(kept, [&json](const char* key, double share) { json[key] = share; });
}

void from_json(const nlohmann::json& json, KeptWeights& kept) {
    kept = KeptWeights{};
    kept.type = readDataType(json, "dtype");
    forEachShare(kept, [&json](const char* key, double& share) {
        readFieldIfThere(json, key, share);
        if (!(share >= 0 && share <= 1))
            throw BadField(fmt::format("\"{}\" is not between 0 and 1", key));
    });
}

void to_json(nlohmann::json& json, const WeightScales& scales) {
    json = {{"bytes_per_scale", scales.scaleBytes}};
    forEachCount(scales, [&json](const char* key, std::int64_t count) { json[key] = count; });
}

void from_json(const nlohmann::json& json, WeightScales& scales) {
    scales = WeightScales{};
    readField(json, "bytes_per_scale", scales.scaleBytes);
    if (!(scales.scaleBytes >= 0 && scales.scaleBytes <= 8))
        throw BadField("\"bytes_per_scale\" is not between 0 and 8");
    forEachCount(scales, [&json](const char* key, std::int64_t& count) {
        readField(json, key, count);
        if (count < 0 || count > kMostBytes)
            throw BadField(fmt::format("\"{}\" is not between 0 and {}", key, kMostBytes));
    });
}

} // namespace decodescope
