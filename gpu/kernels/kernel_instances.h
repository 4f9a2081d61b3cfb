// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "gpu/kernels/kv_format.h"

/// The kernels that are compiled: the one list, for who compiles, launches or tests them. A visitor
/// is called as visitor.template visit<kFormat, kDim, kHeads>(); the result is false where there is
/// no such kernel.
namespace decodescope::gpu {
namespace instances {

template <KvFormat kFormat, int kDim, typename Visitor>
bool visitVectorHeads(int heads, Visitor&& visitor) {
    if (heads == 1)
        return visitor.template visit<kFormat, kDim, 1>(), true;
    if constexpr (elementBytes(kFormat) == 2)
        if (heads == 2)
            return visitor.template visit<kFormat, kDim, 2>(), true;
    // Any group of a bf16 cache where there is no bf16 matrix product, in passes.
    if constexpr (kFormat == KvFormat::BF16)
        if (heads == 4)
            return visitor.template visit<kFormat, kDim, 4>(), true;
    return false;
}

template <KvFormat kFormat, int kDim, typename Visitor>
bool visitPackedRows(int warpRows, Visitor&& visitor) {
    if (warpRows == 16)
        return visitor.template visit<kFormat, kDim, 16>(), true;
    if constexpr (kDim <= 128)
        if (warpRows == 32)
            return visitor.template visit<kFormat, kDim, 32>(), true;
    return false;
}

} // namespace instances

/// function(std::integral_constant<KvFormat, format>()), which returns a bool.
template <typename Function>
bool withFormat(KvFormat format, Function&& function) {
    switch (format) {
    case KvFormat::F16:
        return function(std::integral_constant<KvFormat, KvFormat::F16>());
    case KvFormat::BF16:
        return function(std::integral_constant<KvFormat, KvFormat::BF16>());
    case KvFormat::E4M3:
        return function(std::integral_constant<KvFormat, KvFormat::E4M3>());
    case KvFormat::Int8:
        return function(std::integral_constant<KvFormat, KvFormat::Int8>());
    }
    return false;
}

/// VectorKernel<kFormat, paddedDim, heads>.
template <KvFormat kFormat, typename Visitor>
bool visitVectorKernel(int paddedDim, int heads, Visitor&& visitor) {
    switch (paddedDim) {
    case 64:
        return instances::visitVectorHeads<kFormat, 64>(heads, visitor);
    case 128:
        return instances::visitVectorHeads<kFormat, 128>(heads, visitor);
    case 256:
        return instances::visitVectorHeads<kFormat, 256>(heads, visitor);
    default:
        return false;
    }
}

/// PackedKernel<kFormat, paddedDim, warpRows>.
template <KvFormat kFormat, typename Visitor>
bool visitPackedKernel(int paddedDim, int warpRows, Visitor&& visitor) {
    switch (paddedDim) {
    case 64:
        return instances::visitPackedRows<kFormat, 64>(warpRows, visitor);
    case 128:
        return instances::visitPackedRows<kFormat, 128>(warpRows, visitor);
    case 256:
        return instances::visitPackedRows<kFormat, 256>(warpRows, visitor);
    default:
        return false;
    }
}

} // namespace decodescope::gpu
