// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// What is used of the cuDNN 9 graph API, whose library is opened at run time: numbers and
/// prototypes as NVIDIA's "cuDNN Backend API" documents them. Without a header of cuDNN in the
/// build there is nothing else to go by; tests hold them to it through a library of their own.
namespace decodescope::cudnn {

using Status = int; ///< cudnnStatus_t: its thousands are a category
using Handle = void*;
using Descriptor = void*; ///< cudnnBackendDescriptor_t

inline constexpr Status kSuccess = 0;
inline constexpr Status kCategory = 1000; ///< status / kCategory is one of:
inline constexpr Status kBadParameter = 2;
inline constexpr Status kNotSupported = 3;

/// cudnnBackendDescriptorType_t
enum DescriptorType : int {
    kEngineConfig = 3,
    kEngineHeuristic = 4,
    kExecutionPlan = 5,
    kOperationGraph = 15,
    kVariantPack = 16,
    kTensor = 17,
    kSdpaForward = 41, ///< softmax(Q·Kᵀ × scale)·V in one operation, since 9.13
};

/// cudnnBackendAttributeName_t
enum Attribute : int {
    kHeuristicMode = 200,
    kHeuristicGraph = 201,
    kHeuristicResults = 202,
    kPlanHandle = 400,
    kPlanEngineConfig = 401,
    kPlanWorkspaceSize = 402,
    kGraphHandle = 800,
    kGraphOperations = 801,
    kTensorAlignment = 900,
    kTensorDataType = 901,
    kTensorDimensions = 902,
    kTensorStrides = 903,
    kTensorId = 906,
    kTensorByValue = 908,
    kPackIds = 1000,
    kPackPointers = 1001,
    kPackWorkspace = 1003,
    kSdpaQueries = 2800,
    kSdpaKeys = 2801,
    kSdpaValues = 2802,
    kSdpaOutput = 2803,
    kSdpaScale = 2805,
};

/// cudnnBackendAttributeType_t
enum AttributeType : int {
    kTypeHandle = 0,
    kTypeDataType = 1,
    kTypeBoolean = 2,
    kTypeInt64 = 3,
    kTypePointer = 6,
    kTypeHeuristicMode = 8,
    kTypeDescriptor = 15,
};

/// cudnnDataType_t
enum ElementType : int { kFloat = 0, kHalf = 2, kBFloat16 = 9 };

/// cudnnBackendHeurMode_t
inline constexpr int kHeuristicModeA = 3;

/// The calls, as they stand in the library.
struct Calls {
    std::size_t (*version)() = nullptr;
    Status (*create)(Handle*) = nullptr;
    Status (*destroy)(Handle) = nullptr;
    Status (*setStream)(Handle, void*) = nullptr;
    const char* (*errorString)(Status) = nullptr;
    void (*lastErrorString)(char*, std::size_t) = nullptr;
    Status (*createDescriptor)(int, Descriptor*) = nullptr;
    Status (*destroyDescriptor)(Descriptor) = nullptr;
    Status (*finalize)(Descriptor) = nullptr;
    Status (*setAttribute)(Descriptor, int, int, std::int64_t, const void*) = nullptr;
    Status (*getAttribute)(Descriptor, int, int, std::int64_t, std::int64_t*, void*) = nullptr;
    Status (*execute)(Handle, Descriptor, Descriptor) = nullptr;
};

} // namespace decodescope::cudnn
