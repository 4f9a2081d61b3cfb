// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/attention_arithmetic.h"

#include "core/cpu/attention_kernel.h"
#include "core/cpu/roof_kernels.h"

namespace decodescope {

AttentionArithmetic attentionArithmetic(const KvTypes& types, std::int64_t group, bool bf16Dot) {
    const bool pairs = types.key == DataType::BF16 && types.value == DataType::BF16;
    return bf16Dot && pairs && group >= kBf16DotLeastGroup ? AttentionArithmetic::Bf16Dot
                                                           : AttentionArithmetic::F32;
}

bool hasBf16Dot() {
    static const bool cpuHasIt = bf16DotLoop() != nullptr;
    return cpuHasIt && kernelTargetHasBf16Dot();
}

} // namespace decodescope
