// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/engine/decoder.h"
#include "gpu/gpu_runtime.h"
#include "gpu/kernels/attention_args.h"

namespace decodescope {

/// Bytes of one row, the key (or the value) of a token and KV head. Precondition: the GPU's kernels
/// read the type.
[[nodiscard]] std::int64_t rowBytes(const LayerSpec& layer, DataType kvType);
/// Bytes of `tokens` tokens of every sequence, keys and values. Saturates.
[[nodiscard]] std::uint64_t layerCacheBytes(const LayerSpec& layer, const DecoderRequest& request,
                                            std::int64_t tokens);

/// The KV caches of a decoder's layers: in one piece, or in slabs that are added one by one. A slab
/// is one allocation and holds DecoderRequest::pageTokens more tokens of every sequence for each
/// layer that has not reached its window, in pages of the size that the kernels know. Within a
/// slab: [kind of layer][layer][sequence][page][keys, values].
class GpuCache {
public:
    GpuCache(std::shared_ptr<GpuRuntime> gpu, const DecoderRequest& request)
        : m_gpu(std::move(gpu)), m_request(request) {}

    /// A layer that will have a cache; its number is what address() takes. Before allocate().
    std::size_t addLayer(const LayerSpec& layer);
    /// Allocates what the request's context takes and fills it with random content. Errors: those
    /// of GpuRuntime.
    [[nodiscard]] Status allocate();
    /// Adds the slab that takes the caches from the context they have to that of `grown`. Errors:
    /// those of GpuRuntime; then the caches are as before.
    [[nodiscard]] Status grow(const DecoderRequest& grown);
    /// Of that slab.
    [[nodiscard]] std::uint64_t slabBytes(const DecoderRequest& grown) const;

    [[nodiscard]] std::uint64_t bytes() const;
    [[nodiscard]] std::uint64_t tableBytes() const; ///< of the page tables
    [[nodiscard]] std::uint64_t tableBytes(const DecoderRequest& grown) const;
    /// Puts the cache of a layer into the arguments of its attention.
    void address(std::size_t layer, gpu::AttentionArgs& args) const;

private:
    /// Layers whose caches are of one shape, and so lie at the same places within their parts.
    struct Kind {
        LayerSpec spec;
        std::size_t layers = 0;
        std::byte* first = nullptr;      ///< where the keys of its first layer begin
        std::vector<std::int64_t> pages; ///< [page][sequence], from `first` on
        DeviceBuffer table;              ///< the same as [sequence][page], as the kernels read it
    };
    struct Place {
        std::size_t kind = 0, index = 0;
    };

    [[nodiscard]] bool paged() const { return m_request.pageTokens > 0; }
    [[nodiscard]] std::int64_t kernelPage() const;
    /// Tokens of a kind that one of its layers has in a part of memory (slab, or whole).
    [[nodiscard]] std::int64_t partTokens(const Kind& kind, const DecoderRequest& grown) const;
    [[nodiscard]] Status addPart(const DecoderRequest& grown);
    [[nodiscard]] std::int64_t tablePages(const Kind& kind, const DecoderRequest& grown) const;
    void addPages(Kind& kind, const std::byte* region);
    [[nodiscard]] Status writeTable(Kind& kind);

    std::shared_ptr<GpuRuntime> m_gpu;
    DecoderRequest m_request; ///< with the context that is held
    std::vector<Kind> m_kinds;
    std::vector<Place> m_layers;
    std::vector<DeviceBuffer> m_parts;
};

} // namespace decodescope
