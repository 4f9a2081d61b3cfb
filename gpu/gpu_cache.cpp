// SPDX-License-Identifier: Apache-2.0
#include "gpu/gpu_cache.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/engine/step_work.h"
#include "core/spec/count.h"
#include "core/spec/units.h"
#include "gpu/page_table.h"
#include "gpu/random_fill.h"

namespace decodescope {
namespace {

bool sameShape(const LayerSpec& a, const LayerSpec& b) {
    return a.nKvHeads == b.nKvHeads && a.headDimK == b.headDimK && a.window == b.window;
}

} // namespace

std::int64_t rowBytes(const LayerSpec& layer, DataType kvType) {
    return layer.headDimK * info(kvType).blockBytes;
}

std::uint64_t layerCacheBytes(const LayerSpec& layer, const DecoderRequest& request,
                              std::int64_t tokens) {
    const std::uint64_t token = count(2 * layer.nKvHeads * rowBytes(layer, request.kvTypes.key));
    return saturatingMultiply(saturatingMultiply(token, count(tokens)), count(request.batch));
}

std::int64_t GpuCache::kernelPage() const {
    const auto largest =
        std::find_if(std::rbegin(kPageSizes), std::rend(kPageSizes),
                     [this](int size) { return m_request.pageTokens % size == 0; });
    return *largest; // pages are multiples of the smallest: coveredByGpu()
}

std::size_t GpuCache::addLayer(const LayerSpec& layer) {
    auto kind = std::find_if(m_kinds.begin(), m_kinds.end(),
                             [&](const Kind& each) { return sameShape(each.spec, layer); });
    if (kind == m_kinds.end()) {
        m_kinds.emplace_back().spec = layer;
        kind = m_kinds.end() - 1;
    }
    m_layers.push_back({static_cast<std::size_t>(kind - m_kinds.begin()), kind->layers++});
    return m_layers.size() - 1;
}

std::int64_t GpuCache::partTokens(const Kind& kind, const DecoderRequest& grown) const {
    const std::int64_t tokens = tokensHeld(kind.spec, grown);
    return m_parts.empty() ? tokens : tokens - tokensHeld(kind.spec, m_request);
}

std::uint64_t GpuCache::slabBytes(const DecoderRequest& grown) const {
    std::uint64_t bytes = 0;
    for (const Kind& kind : m_kinds)
        bytes = saturatingAdd(
            bytes, saturatingMultiply(kind.layers, layerCacheBytes(kind.spec, m_request,
                                                                   partTokens(kind, grown))));
    return bytes;
}

Status GpuCache::allocate() {
    return addPart(m_request);
}

Status GpuCache::grow(const DecoderRequest& grown) {
    return addPart(grown);
}

/// A table has room for twice the pages when it is made anew.
std::int64_t GpuCache::tablePages(const Kind& kind, const DecoderRequest& grown) const {
    if (!paged())
        return 0;
    const std::int64_t needed = tokensHeld(kind.spec, grown) / kernelPage();
    return static_cast<std::int64_t>(std::bit_ceil(count(needed)));
}

std::uint64_t GpuCache::tableBytes(const DecoderRequest& grown) const {
    std::uint64_t bytes = 0;
    for (const Kind& kind : m_kinds)
        bytes += count(tablePages(kind, grown) * m_request.batch) * sizeof(std::int64_t);
    return bytes;
}

std::uint64_t GpuCache::tableBytes() const {
    return tableBytes(m_request);
}

std::uint64_t GpuCache::bytes() const {
    std::uint64_t bytes = 0;
    for (const DeviceBuffer& part : m_parts)
        bytes += part.bytes();
    return bytes;
}

void GpuCache::addPages(Kind& kind, const std::byte* region) {
    const std::int64_t page =
        kernelPage() * 2 * kind.spec.nKvHeads * rowBytes(kind.spec, m_request.kvTypes.key);
    const std::int64_t pagesOfSlab = m_request.pageTokens / kernelPage();
    for (std::int64_t i = 0; i < pagesOfSlab; ++i)
        for (std::int64_t sequence = 0; sequence < m_request.batch; ++sequence)
            kind.pages.push_back(region - kind.first + (sequence * pagesOfSlab + i) * page);
}

Status GpuCache::writeTable(Kind& kind) {
    const std::int64_t room =
        static_cast<std::int64_t>(kind.table.bytes() / sizeof(std::int64_t)) / m_request.batch;
    std::vector<std::int64_t> table(count(room * m_request.batch), -1);
    for (std::size_t i = 0; i < kind.pages.size(); ++i) {
        const std::size_t sequence = i % count(m_request.batch);
        table[sequence * count(room) + i / count(m_request.batch)] = kind.pages[i];
    }
    return m_gpu->copyToDevice(kind.table.data(), table.data(), kind.table.bytes());
}

Status GpuCache::addPart(const DecoderRequest& grown) {
    std::vector<DeviceBuffer> tables(m_kinds.size());
    for (std::size_t i = 0; i < m_kinds.size(); ++i) {
        const std::uint64_t bytes =
            count(tablePages(m_kinds[i], grown) * m_request.batch) * sizeof(std::int64_t);
        if (bytes == m_kinds[i].table.bytes())
            continue;
        Result<DeviceBuffer> table = DeviceBuffer::make(m_gpu, bytes);
        if (!table)
            return table.error();
        tables[i] = std::move(*table);
    }
    Result<DeviceBuffer> part = DeviceBuffer::make(m_gpu, slabBytes(grown));
    if (!part)
        return part.error();
    if (Status filled = fillRandom(*m_gpu, part->data(), part->bytes(), m_request.kvTypes.key,
                                   m_request.seed + 1 + m_parts.size());
        !filled)
        return filled;
    std::byte* region = part->data();
    for (std::size_t i = 0; i < m_kinds.size(); ++i) {
        Kind& kind = m_kinds[i];
        const std::int64_t tokens = partTokens(kind, grown);
        if (tables[i].bytes() > 0)
            kind.table = std::move(tables[i]);
        if (!kind.first)
            kind.first = region;
        if (paged() && tokens > 0)
            addPages(kind, region);
        region += kind.layers * layerCacheBytes(kind.spec, m_request, tokens);
    }
    m_request.context = grown.context;
    m_parts.push_back(std::move(*part));
    for (Kind& kind : m_kinds)
        if (kind.table.bytes() > 0)
            if (Status written = writeTable(kind); !written)
                return written; // the GPU is lost
    return m_gpu->synchronize();
}

void GpuCache::address(std::size_t layer, gpu::AttentionArgs& args) const {
    const auto& [kindIndex, index] = m_layers[layer];
    const Kind& kind = m_kinds[kindIndex];
    const std::int64_t row = rowBytes(kind.spec, m_request.kvTypes.key);
    const std::int64_t tokens = paged() ? m_request.pageTokens : tokensHeld(kind.spec, m_request);
    args.keys = kind.first + index * layerCacheBytes(kind.spec, m_request, tokens);
    gpu::CacheAddress& address = args.address;
    address.rowBytes = static_cast<std::int32_t>(row);
    address.headBytes = (paged() ? kernelPage() : tokens) * row;
    address.blockBytes = kind.spec.nKvHeads * address.headBytes;
    if (!paged()) {
        // [sequence][keys, values]: the values of a sequence follow its keys.
        args.values = args.keys + address.blockBytes;
        address.blockBytes *= 2;
        return;
    }
    args.values = args.keys + address.blockBytes;
    address.pages = kind.table.as<std::int64_t>();
    address.pageShift = std::countr_zero(count(kernelPage()));
    address.pagesPerSequence = static_cast<std::int32_t>(kind.table.bytes() / sizeof(std::int64_t) /
                                                         count(m_request.batch));
}

} // namespace decodescope
