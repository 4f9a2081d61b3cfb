// SPDX-License-Identifier: Apache-2.0
#include "gpu/cuda_error.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace decodescope {
namespace {

// Values of cudaError_t that have a sentence of their own (CUDA Runtime API, "Data types").
constexpr int kMemoryAllocation = 2;
constexpr int kStubLibrary = 34;
constexpr int kInsufficientDriver = 35;
constexpr int kNoDevice = 100;

/// What is said of a GPU that answers no longer, or not to us, and what to do.
struct Sentence {
    int code;
    const char* what;
    const char* hint;
};

constexpr const char* kUseTheCpu = "Measure on the CPU with --device cpu.";
constexpr const char* kResetOrRestart =
    "\"nvidia-smi\" says whether the GPU answers; reset it or restart the machine. The CPU still "
    "works: --device cpu.";
constexpr const char* kLost = "the GPU was lost in mid-run";

constexpr std::array kSentences = {
    Sentence{46, "another process holds the GPU, or it is in exclusive or prohibited mode",
             "\"nvidia-smi\" lists who uses it; wait for them, or use --device cpu."},
    Sentence{101, "there is no such GPU", "\"decodescope-cli devices\" lists what can be used."},
    Sentence{209, "this build has no kernels for the GPU's architecture", kUseTheCpu},
    Sentence{214, "the GPU met a memory error that it could not correct", kResetOrRestart},
    Sentence{220, "the GPU met an NVLink error that it could not correct", kResetOrRestart},
    Sentence{226, "the GPU met a memory error and contained it", kResetOrRestart},
    Sentence{304, kLost, kResetOrRestart},
    Sentence{802, "the GPU's driver is not ready yet",
             "Wait for the system's GPU services, or use --device cpu."},
    Sentence{803, "the NVIDIA driver does not match its own kernel module",
             "Restart the machine after the driver was updated."},
    Sentence{804, "the NVIDIA driver does not let this CUDA version run on the GPU", kUseTheCpu},
    Sentence{911, "the GPU was taken away by its host", kResetOrRestart},
    Sentence{999, kLost, kResetOrRestart},
};

/// Faults of a kernel: the device is there, but nothing that it computed counts.
constexpr std::array kKernelFaults = {700, 702, 710, 714, 715, 716, 717, 718, 719};

const Sentence* sentenceOf(int code) {
    const auto* const found = std::find_if(kSentences.begin(), kSentences.end(),
                                           [&](const Sentence& each) { return each.code == code; });
    return found == kSentences.end() ? nullptr : found;
}

bool isKernelFault(int code) {
    return std::find(kKernelFaults.begin(), kKernelFaults.end(), code) != kKernelFaults.end();
}

Error outOfMemory(const CudaFailure& failure, std::string_view deviceId) {
    Error error{ErrorCode::OutOfMemory, cudaSentence(failure), std::string(deviceId),
                "Choose a shorter context or a smaller batch; \"nvidia-smi\" lists what other "
                "processes hold."};
    error.bytesAsked = failure.bytesAsked;
    error.bytesFree = failure.bytesFree;
    return error;
}

} // namespace

std::string cudaVersionText(int version) {
    if (version <= 0)
        return "";
    return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

std::string cudaSentence(const CudaFailure& failure) {
    if (failure.code == kStubLibrary ||
        (failure.code == kInsufficientDriver && failure.driverVersion == 0))
        return "no NVIDIA driver";
    if (failure.code == kInsufficientDriver)
        return fmt::format("the NVIDIA driver is too old (it supports CUDA {})",
                           cudaVersionText(failure.driverVersion));
    if (failure.code == kNoDevice)
        return "no NVIDIA GPU found";
    if (failure.code == kMemoryAllocation)
        return "the GPU's memory does not suffice, or other processes hold it";
    if (const Sentence* known = sentenceOf(failure.code))
        return known->what;
    if (isKernelFault(failure.code))
        return fmt::format("a kernel failed on the GPU (CUDA error {}: {})", failure.code,
                           failure.words);
    return fmt::format("CUDA error {}: {}", failure.code, failure.words);
}

Error cudaError(const CudaFailure& failure, std::string_view deviceId) {
    const std::string where(deviceId);
    if (failure.code == kMemoryAllocation)
        return outOfMemory(failure, deviceId);
    if (isKernelFault(failure.code))
        return {ErrorCode::RunFailed, cudaSentence(failure), where,
                "Run \"decodescope-cli selftest\" on this GPU, and please report it."};
    const Sentence* known = sentenceOf(failure.code);
    return {ErrorCode::DeviceUnavailable, cudaSentence(failure), where,
            known ? known->hint : kUseTheCpu};
}

} // namespace decodescope
