// SPDX-License-Identifier: Apache-2.0
// A shared library with the calls of cuDNN's graph API that are used. It computes nothing: it keeps
// what it was told, as strictly as the real one takes it.
#include "fake_cudnn.h"

#include <algorithm>
#include <cstdio>

using namespace decodescope::test;

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED FakeCudnn fakeCudnn;
FakeCudnn fakeCudnn;

namespace {

constexpr int kBadParam = 2000;
constexpr int kEngineConfig = 3;
constexpr int kExecutionPlan = 5;
constexpr int kSdpaForward = 41;
int theHandle = 0;

FakeDescriptor* descriptorOf(void* pointer) {
    return static_cast<FakeDescriptor*>(pointer);
}

std::size_t bytesOf(int type) {
    switch (type) {
    case 0:  // handle
    case 3:  // int64
    case 6:  // pointer
    case 15: // descriptor
        return 8;
    case 1: // data type
    case 8: // heuristic mode
        return 4;
    case 2: // boolean
        return 1;
    default:
        return 0;
    }
}

/// Descriptors that are named by another must be finalised.
bool namesUnfinished(int type, std::int64_t count, const void* values) {
    if (type != 15)
        return false;
    const auto* named = static_cast<void* const*>(values);
    return std::any_of(named, named + count,
                       [](void* each) { return !each || !descriptorOf(each)->finalized; });
}

} // namespace

EXPORTED std::size_t cudnnGetVersion() {
    return fakeCudnn.version;
}

EXPORTED int cudnnCreate(void** handle) {
    if (fakeCudnn.createStatus != 0)
        return fakeCudnn.createStatus;
    ++fakeCudnn.handles;
    *handle = &theHandle;
    return 0;
}

EXPORTED int cudnnDestroy(void* handle) {
    --fakeCudnn.handles;
    return handle == &theHandle ? 0 : kBadParam;
}

EXPORTED int cudnnSetStream(void* handle, void* stream) {
    fakeCudnn.stream = stream;
    return handle == &theHandle ? 0 : kBadParam;
}

EXPORTED const char* cudnnGetErrorString(int /*status*/) {
    return "CUDNN_STATUS_SOMETHING";
}

EXPORTED void cudnnGetLastErrorString(char* message, std::size_t room) {
    std::snprintf(message, room, "%s", fakeCudnn.lastError);
}

EXPORTED int cudnnBackendCreateDescriptor(int type, void** descriptor) {
    fakeCudnn.descriptors.push_back(std::make_unique<FakeDescriptor>());
    fakeCudnn.descriptors.back()->type = type;
    *descriptor = fakeCudnn.descriptors.back().get();
    return 0;
}

EXPORTED int cudnnBackendDestroyDescriptor(void* descriptor) {
    descriptorOf(descriptor)->destroyed = true;
    return 0;
}

EXPORTED int cudnnBackendSetAttribute(void* descriptor, int attribute, int type, std::int64_t count,
                                      const void* values) {
    FakeDescriptor& of = *descriptorOf(descriptor);
    const std::size_t bytes = bytesOf(type) * static_cast<std::size_t>(count);
    if (of.finalized || of.destroyed || bytes == 0 || namesUnfinished(type, count, values))
        return kBadParam;
    const auto* from = static_cast<const std::byte*>(values);
    of.attributes[attribute] = {type, count, {from, from + bytes}};
    return 0;
}

EXPORTED int cudnnBackendFinalize(void* descriptor) {
    FakeDescriptor& of = *descriptorOf(descriptor);
    if (of.type == fakeCudnn.finalizeFails)
        return fakeCudnn.finalizeStatus;
    if (of.type == kExecutionPlan &&
        static_cast<int>(fakeCudnn.ofType(kExecutionPlan).size()) <= fakeCudnn.enginesRefused)
        return 3000;
    of.finalized = true;
    return 0;
}

EXPORTED int cudnnBackendGetAttribute(void* descriptor, int attribute, int type,
                                      std::int64_t requested, std::int64_t* count, void* values) {
    const FakeDescriptor& of = *descriptorOf(descriptor);
    if (!of.finalized)
        return kBadParam;
    if (attribute == 202 && type == 15) { // results of the heuristic
        *count = std::min<std::int64_t>(requested, fakeCudnn.enginesProposed);
        for (std::int64_t i = 0; i < *count; ++i) {
            FakeDescriptor& config = *descriptorOf(static_cast<void**>(values)[i]);
            if (config.type != kEngineConfig)
                return kBadParam;
            config.finalized = true;
        }
        return 0;
    }
    if (attribute == 402 && type == 3) { // workspace of a plan
        *count = 1;
        std::memcpy(values, &fakeCudnn.workspaceBytes, sizeof fakeCudnn.workspaceBytes);
        return 0;
    }
    return kBadParam;
}

EXPORTED int cudnnBackendExecute(void* handle, void* plan, void* pack) {
    const FakeDescriptor& of = *descriptorOf(pack);
    if (handle != &theHandle || !descriptorOf(plan)->finalized || !of.finalized)
        return kBadParam;
    FakeCudnn::Run run{descriptorOf(plan), of.values<void*>(1001), 0};
    // The scale is given by value: the fifth tensor, as the operation has it.
    const std::vector<std::int64_t> ids = of.values<std::int64_t>(1000);
    const auto& operations = fakeCudnn.ofType(kSdpaForward);
    const std::int64_t scaleId =
        descriptorOf(operations.back()->value<void*>(2805))->value<std::int64_t>(906);
    for (std::size_t i = 0; i < ids.size() && i < run.pointers.size(); ++i)
        if (ids[i] == scaleId)
            std::memcpy(&run.scale, run.pointers[i], sizeof run.scale);
    fakeCudnn.runs.push_back(std::move(run));
    return fakeCudnn.executeStatus;
}
