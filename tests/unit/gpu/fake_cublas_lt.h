// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace decodescope::test {

/// What the fake cuBLASLt answers. It is exported by the library as "fakeCublasLt".
struct FakeCublasLt {
    // what it does
    int createStatus = 0;
    int planStatus = 0;
    int algorithms = 1; ///< found by the heuristic
    int algorithmState = 0;
    int multiplyStatus = 0;
    // what was asked
    int handles = 0, objects = 0; ///< now alive
    std::uint64_t workspaceBytes = 0;
    void* workspace = nullptr;
    void* stream = nullptr;
};

} // namespace decodescope::test
