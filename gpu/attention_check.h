// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/spec/data_type.h"
#include "gpu/attention_plan.h"
#include "gpu/gpu_runtime.h"
#include "gpu/kernels/attention_args.h"
#include "gpu/page_table.h"

namespace decodescope {

/// One attention call of a GPU kernel.
struct AttentionCase {
    DataType type = DataType::F16;
    int headDim = 128;
    int group = 1;
    int nKvHeads = 1;
    std::vector<int> contexts = {65}; ///< tokens of each sequence
    int pageTokens = 0;               ///< 0: a contiguous cache
    int blocksAtOnce = 1; ///< that the GPU runs: with more, contexts are split; 0: by its own word
    bool scales = false;  ///< 8-bit: a scale for each KV head
    bool flat = false;    ///< equal scores, values around 0.5
};

/// Random queries, keys and values of a case as a GPU's memory would hold them, and what attention
/// over them is. What the cache has beyond the contexts is NaN, and so are the outputs.
class AttentionData {
public:
    AttentionData(const AttentionCase& test, std::uint64_t seed);

    /// ‖out − reference‖ / ‖reference‖ of what `plan` computes on a GPU, against the double
    /// reference on the same rounded inputs. Errors: those of GpuRuntime.
    [[nodiscard]] Result<double> errorOn(const std::shared_ptr<GpuRuntime>& gpu,
                                         const AttentionPlan& plan);

private:
    [[nodiscard]] gpu::AttentionArgs placed(const AttentionPlan& plan, class Placer& placer);
    void shufflePages();
    void fill();
    void fillHead(class ElementSource& source, int sequence, int head, float scale);

    AttentionCase m_case;
    std::uint64_t m_seed;
    int m_bytes;
    CacheLayout m_cache;
    std::vector<std::byte> m_keys, m_values;
    std::vector<std::uint16_t> m_queries;
    std::vector<float> m_scales, m_out;
    std::vector<double> m_expected;
};

/// The value of one E4M3 by its definition: sign, four bits of exponent (bias 7), three of
/// mantissa.
[[nodiscard]] float e4m3Value(std::uint8_t bits);

/// What is launched for the case. Errors: those of planAttention() and GpuRuntime.
[[nodiscard]] Result<AttentionPlan> planOf(GpuRuntime& gpu, const AttentionCase& test);

/// What a kernel may be off by: weights are rounded to 16 bits for the second product of the packed
/// kernel; the vector kernel has f32 all through.
[[nodiscard]] double allowedError(const AttentionPlan& plan);

/// "bf16, head_dim 128, group 4"
[[nodiscard]] std::string label(const AttentionCase& test);

} // namespace decodescope
