// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "gpu/kernels/kv_format.h"

namespace decodescope::gpu {

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

} // namespace decodescope::gpu
