// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

namespace decodescope::test {

/// A descriptor as it was described.
struct FakeDescriptor {
    int type = 0;
    bool finalized = false, destroyed = false;
    struct Value {
        int type = 0;
        std::int64_t count = 0;
        std::vector<std::byte> bytes;
    };
    std::map<int, Value> attributes;

    template <typename T>
    [[nodiscard]] std::vector<T> values(int attribute) const {
        const auto found = attributes.find(attribute);
        if (found == attributes.end() ||
            found->second.bytes.size() != static_cast<std::size_t>(found->second.count) * sizeof(T))
            return {};
        std::vector<T> all(static_cast<std::size_t>(found->second.count));
        std::memcpy(all.data(), found->second.bytes.data(), found->second.bytes.size());
        return all;
    }
    template <typename T>
    [[nodiscard]] T value(int attribute) const {
        T one{};
        const auto found = attributes.find(attribute);
        if (found != attributes.end() && found->second.count == 1 &&
            found->second.bytes.size() == sizeof one)
            std::memcpy(&one, found->second.bytes.data(), sizeof one);
        return one;
    }
};

/// What the fake cuDNN does, and what was asked of it. Exported by the library as "fakeCudnn".
struct FakeCudnn {
    // what it does
    std::size_t version = 91900;
    int createStatus = 0;
    int finalizeFails = -1; ///< a type of descriptor …
    int finalizeStatus = 0; ///< … and what its finalisation answers
    int enginesProposed = 2;
    int enginesRefused = 0; ///< of those, the first so many make no plan
    int executeStatus = 0;
    std::int64_t workspaceBytes = 4096;
    const char* lastError = "";
    // what was asked
    std::vector<std::unique_ptr<FakeDescriptor>> descriptors; ///< never freed before reset()
    int handles = 0;
    void* stream = nullptr;
    struct Run {
        const FakeDescriptor* plan;
        std::vector<void*> pointers;
        float scale;
    };
    std::vector<Run> runs;

    [[nodiscard]] std::vector<const FakeDescriptor*> ofType(int type) const {
        std::vector<const FakeDescriptor*> found;
        for (const auto& each : descriptors)
            if (each->type == type)
                found.push_back(each.get());
        return found;
    }
};

} // namespace decodescope::test
