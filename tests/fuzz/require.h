// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>

namespace decodescope::fuzz {

/// Ends the program with a sentence where a promise is broken: a fuzzer counts that as a finding.
inline void require(bool holds, const char* promise) {
    if (holds)
        return;
    std::fprintf(stderr, "broken promise: %s\n", promise);
    std::abort();
}

} // namespace decodescope::fuzz
