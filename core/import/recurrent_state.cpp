// SPDX-License-Identifier: Apache-2.0
#include "core/import/recurrent_state.h"

#include <algorithm>

#include "core/spec/count.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr std::uint64_t kFloatBytes = 4;

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
    return saturatingMultiply(a, b);
}
std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
    return saturatingAdd(a, b);
}

/// Elements that pass the convolution for each token.
std::uint64_t convWidth(const MambaShape& s) {
    return plus(count(s.inner), times(2, times(count(s.groups), count(s.state))));
}
std::uint64_t convWidth(const DeltaShape& s) {
    return plus(times(2, times(count(s.keyHeads), count(s.keyDim))),
                times(count(s.valueHeads), count(s.valueDim)));
}

} // namespace

std::uint64_t stateBytes(const MambaShape& s) {
    return times(kFloatBytes, plus(times(count(s.conv - 1), convWidth(s)),
                                   times(count(s.state), count(s.inner))));
}

std::uint64_t stateBytes(const DeltaShape& s) {
    return times(kFloatBytes,
                 plus(times(count(s.valueHeads), times(count(s.keyDim), count(s.valueDim))),
                      times(count(s.conv - 1), convWidth(s))));
}

std::uint64_t parameters(const MambaShape& s, std::int64_t hidden) {
    // In: gate, what is convolved, one time step a head. Out: inner to hidden.
    const std::uint64_t in = plus(plus(count(s.inner), convWidth(s)), count(s.heads));
    return plus(times(count(hidden), plus(in, count(s.inner))), times(count(s.conv), convWidth(s)));
}

std::uint64_t parameters(const DeltaShape& s, std::int64_t hidden) {
    // In: what is convolved, a gate as wide as the values, two scalars a value head.
    const std::uint64_t values = times(count(s.valueHeads), count(s.valueDim));
    const std::uint64_t in = plus(plus(convWidth(s), values), times(2, count(s.valueHeads)));
    return plus(times(count(hidden), plus(in, values)), times(count(s.conv), convWidth(s)));
}

} // namespace decodescope
