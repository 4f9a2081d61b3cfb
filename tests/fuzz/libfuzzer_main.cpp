// SPDX-License-Identifier: Apache-2.0
// One target as libFuzzer runs it: that called FUZZ_TARGET.
#include "tests/fuzz/targets.h"

namespace {

constexpr decodescope::fuzz::Target named(std::string_view name) {
    for (const decodescope::fuzz::Target& target : decodescope::fuzz::kTargets)
        if (target.name == name)
            return target;
    throw "there is no such target"; // does not compile where it is reached
}
constexpr decodescope::fuzz::Target kTarget = named(FUZZ_TARGET);

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    kTarget.run({reinterpret_cast<const char*>(data), size});
    return 0;
}
