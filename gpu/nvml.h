// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/device_conditions.h"

namespace decodescope {

/// "00000000:65:00.0": how NVML names the GPU at a place on the PCI bus. Its own numbering of GPUs
/// is no help: CUDA_VISIBLE_DEVICES reorders CUDA's.
[[nodiscard]] std::string pciBusId(int domain, int bus, int device);

/// What keeps a GPU's clocks down, in words, from the bits of NVML's "clocks event reasons". An
/// idle GPU is not held down by anything.
[[nodiscard]] std::vector<std::string> throttleReasons(std::uint64_t bits);

/// What the NVIDIA Management Library tells of GPUs, opened at run time. It only asks, and never
/// changes a setting. Thread-safe, as the library is.
class Nvml {
public:
    /// Nothing where the library is missing, lacks the calls that the others need, or does not
    /// start (no driver).
    [[nodiscard]] static std::unique_ptr<Nvml> open(const std::string& library = kLibrary);
    ~Nvml();
    Nvml(const Nvml&) = delete;
    Nvml& operator=(const Nvml&) = delete;

    /// How the GPU at this place of the bus runs now; what it does not tell is absent.
    [[nodiscard]] DeviceConditions conditions(const std::string& busId) const;
    /// Of the GPU's memory, what a process holds. Absent where NVML does not list the process: in a
    /// container, whose process numbers are its own, or where the driver keeps no count.
    [[nodiscard]] std::optional<std::uint64_t> processBytes(const std::string& busId,
                                                            std::uint32_t processId) const;

private:
    static constexpr const char* kLibrary = "libnvidia-ml.so.1";

    struct Calls;
    explicit Nvml(std::unique_ptr<Calls> calls);

    std::unique_ptr<Calls> m_calls;
};

} // namespace decodescope
