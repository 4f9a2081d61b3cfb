// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/spec/data_type.h"
#include "gpu/cudnn_library.h"

namespace decodescope {

/// Attention of one new token of each sequence over a contiguous cache, all sequences alike.
struct CudnnShape {
    DataType type = DataType::F16; ///< of queries, keys, values and output: f16 or bf16
    std::int64_t batch = 1, nHeads = 32, nKvHeads = 8, headDim = 128, tokens = 1024;
};

/// A descriptor of the backend API with its owner.
class CudnnDescriptor {
public:
    /// Errors: those of CudnnLibrary::failure(), here and below.
    [[nodiscard]] static Result<CudnnDescriptor> make(const CudnnLibrary& library, int type);
    ~CudnnDescriptor();
    CudnnDescriptor(CudnnDescriptor&& other) noexcept;
    CudnnDescriptor& operator=(CudnnDescriptor&& other) noexcept;
    CudnnDescriptor(const CudnnDescriptor&) = delete;
    CudnnDescriptor& operator=(const CudnnDescriptor&) = delete;

    [[nodiscard]] cudnn::Descriptor get() const { return m_descriptor; }
    [[nodiscard]] Status set(int attribute, int type, std::int64_t count, const void* values) const;
    [[nodiscard]] Status finalize(const char* doing) const;

private:
    CudnnDescriptor(const CudnnLibrary& library, cudnn::Descriptor descriptor)
        : m_library(&library), m_descriptor(descriptor) {}

    const CudnnLibrary* m_library;
    cudnn::Descriptor m_descriptor;
};

/// Scaled dot-product attention by cuDNN: the engine that its own heuristic puts first of those
/// that run the shape.
class CudnnAttention {
public:
    /// Preconditions: library->use() succeeded. Errors: BadUsage for another type, or where cuDNN
    /// refuses the shape, in its own words; RunFailed.
    [[nodiscard]] static Result<CudnnAttention> make(std::shared_ptr<const CudnnLibrary> library,
                                                     const CudnnShape& shape);

    /// Of device memory that execute() needs beside its tensors; aligned to 256.
    [[nodiscard]] std::uint64_t workspaceBytes() const { return m_workspaceBytes; }

    /// All in device memory: queries and output [batch][head][head_dim], keys and values
    /// [batch][KV head][token][head_dim], of the shape's type, aligned to 16.
    struct Tensors {
        void* queries = nullptr;
        void* keys = nullptr;
        void* values = nullptr;
        void* output = nullptr;
        void* workspace = nullptr;
    };
    /// Queues one call on the library's stream, which may be recording. Errors: RunFailed,
    /// BadUsage.
    [[nodiscard]] Status execute(const Tensors& tensors) const;

private:
    CudnnAttention(std::shared_ptr<const CudnnLibrary> library, CudnnDescriptor plan, float scale)
        : m_library(std::move(library)), m_plan(std::move(plan)), m_scale(scale) {}

    std::shared_ptr<const CudnnLibrary> m_library;
    CudnnDescriptor m_plan;
    float m_scale; ///< 1 / sqrt(head_dim): given by value with each call
    std::uint64_t m_workspaceBytes = 0;
};

} // namespace decodescope
