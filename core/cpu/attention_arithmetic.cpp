// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/attention_arithmetic.h"

#include "core/cpu/attention_kernel.h"
#include "core/cpu/roof_kernels.h"
#include "core/engine/float_bits.h"

namespace decodescope {

AttentionArithmetic attentionArithmetic(const KvTypes& types, std::int64_t group,
                                        const DotUnits& units) {
    const auto both = [&types](auto is) { return is(types.key) && is(types.value); };
    if (units.int8 && both([](DataType type) { return type == DataType::Int8 || inBlocks(type); }))
        return AttentionArithmetic::Int8Dot;
    if (!both([](DataType type) { return type == DataType::BF16; }))
        return AttentionArithmetic::F32;
    if (units.bf16Matrix && group >= kBf16MatrixLeastGroup)
        return AttentionArithmetic::Bf16Matrix;
    return units.bf16 && group >= kBf16DotLeastGroup ? AttentionArithmetic::Bf16Dot
                                                     : AttentionArithmetic::F32;
}

DotUnits dotUnits() {
    static const bool cpuHasBf16 = bf16DotLoop() != nullptr;
    static const bool cpuHasInt8 = int8DotLoop() != nullptr;
    static const bool cpuHasMatrix = bf16MatrixLoop() != nullptr;
    return {cpuHasBf16 && kernelTargetHasBf16Dot(), cpuHasInt8 && kernelTargetHasInt8Dot(),
            cpuHasMatrix && kernelTargetHasBf16Matrix()};
}

} // namespace decodescope
