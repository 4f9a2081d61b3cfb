// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/spec/result.h"
#include "gpu/step_plan.h"

namespace decodescope {

/// Matrix products by NVIDIA's cuBLASLt, which is opened at run time: a machine may lack it, and
/// then our own kernels multiply everything. It works on the current device of the CUDA runtime.
class CublasLt {
    struct Calls;

public:
    /// Room in a GPU's memory that products may ask for (NVIDIA's advice for compute capability
    /// 9.0).
    static constexpr std::uint64_t kWorkspaceBytes = std::uint64_t{32} << 20;

    /// One product, with the algorithm that the library expects to be the fastest.
    class Product {
    public:
        ~Product();
        Product(const Product&) = delete;
        Product& operator=(const Product&) = delete;

        /// Queues out[sequence][row] = Σ_column weights[row][column] × in[sequence][column] on
        /// `stream`. All pointers are the device's, at multiples of 256 bytes; `workspace` has
        /// kWorkspaceBytes. Errors: RunFailed with the library's words.
        [[nodiscard]] Status run(const std::byte* weights, const std::uint16_t* in, float* out,
                                 std::byte* workspace, void* stream) const;

    private:
        friend class CublasLt;
        struct Plan;
        Product(std::shared_ptr<const Calls> calls, std::unique_ptr<Plan> plan);

        std::shared_ptr<const Calls> m_calls;
        std::unique_ptr<Plan> m_plan;
    };

    /// The first of `libraries` that is there. Errors: DeviceUnavailable where none is, where it
    /// lacks a call, or where it does not start.
    [[nodiscard]] static Result<CublasLt> open(std::span<const std::string> libraries = names());
    /// "13.2.0"
    [[nodiscard]] std::string version() const;
    /// Of weights of f16 or bf16; `shape.activation` is not the library's. Errors: BadUsage for
    /// other formats; RunFailed where the library has no algorithm.
    [[nodiscard]] Result<std::unique_ptr<Product>> plan(const ProjectionShape& shape) const;

private:
    explicit CublasLt(std::shared_ptr<const Calls> calls) : m_calls(std::move(calls)) {}
    /// As CUDA 13 and 12 name it.
    [[nodiscard]] static std::span<const std::string> names();

    std::shared_ptr<const Calls> m_calls;
};

} // namespace decodescope
