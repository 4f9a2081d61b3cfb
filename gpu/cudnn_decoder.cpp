// SPDX-License-Identifier: Apache-2.0
#include "gpu/cudnn_decoder.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/engine/layer_choice.h"
#include "core/engine/step_work.h"
#include "core/spec/units.h"
#include "gpu/cudnn_attention.h"
#include "gpu/random_fill.h"
#include "gpu/step_recording.h"

namespace decodescope {
namespace {

constexpr const char* kPeer = "--peer cudnn";

std::uint64_t bytesOf(const CudnnShape& shape, std::int64_t heads, std::int64_t tokens) {
    const auto elements =
        saturatingMultiply(saturatingMultiply(static_cast<std::uint64_t>(shape.batch * heads),
                                              static_cast<std::uint64_t>(tokens)),
                           static_cast<std::uint64_t>(shape.headDim));
    return saturatingMultiply(elements, sizeof(std::uint16_t));
}

bool same(const CudnnShape& a, const CudnnShape& b) {
    return a.nHeads == b.nHeads && a.nKvHeads == b.nKvHeads && a.headDim == b.headDim &&
           a.tokens == b.tokens;
}

Status sensible(const DecoderRequest& request) {
    const auto refused = [](const std::string& what) {
        return Error{ErrorCode::BadUsage, what, kPeer, ""};
    };
    if (request.scope != Scope::Attention)
        return refused("cuDNN is measured for the attention alone, not for a whole step");
    if (request.pageTokens > 0)
        return refused("cuDNN is measured on a cache in one piece, not in pages");
    for (const LayerSpec& layer : request.model.layers)
        if (layer.headDimK != layer.headDimV)
            return refused("cuDNN is measured where keys and values are of one head_dim");
    if (request.kvTypes.key != request.kvTypes.value)
        return refused("cuDNN is measured where keys and values are of one type");
    return Done{};
}

class CudnnDecoder final : public Decoder {
public:
    CudnnDecoder(std::shared_ptr<GpuRuntime> gpu, std::shared_ptr<CudnnLibrary> library,
                 const DecoderRequest& request)
        : m_gpu(std::move(gpu)), m_library(std::move(library)), m_request(request) {}

    [[nodiscard]] Status allocate(const std::stop_token& stop);

    Result<StepTiming> step(std::stop_token stop) override {
        if (stop.stop_requested())
            return Error{ErrorCode::Interrupted, "stopped before a decode step", m_gpu->deviceId(),
                         ""};
        return m_recording->run();
    }
    MemoryLedger ledger() const override {
        MemoryLedger ledger;
        for (const Layer& layer : m_layers)
            if (layer.owns)
                ledger.kvBytes += layer.keys.bytes() + layer.values.bytes();
        ledger.workspaceBytes = m_room.bytes();
        return ledger;
    }
    std::int64_t layersMeasured() const override {
        return static_cast<std::int64_t>(m_layers.size());
    }
    StepWork work() const override {
        return stepWork(m_request, [](const LayerSpec&) { return DotUnit::Bf16; });
    }
    bool cacheResident() const override {
        return ledger().kvBytes < 2 * m_gpu->properties().l2Bytes;
    }
    int threads() const override { return 1; }

private:
    struct Kind {
        CudnnShape shape;
        CudnnAttention attention;
    };
    struct Layer {
        double represents = 1;
        std::size_t kind = 0;
        bool owns = true;      ///< a cache of its own …
        std::size_t owner = 0; ///< … or the layer whose cache it reads
        DeviceBuffer keys, values;
    };

    [[nodiscard]] CudnnShape shapeOf(const LayerSpec& layer) const {
        return {m_request.kvTypes.key, m_request.batch, layer.nHeads,
                layer.nKvHeads,        layer.headDimK,  tokensRead(layer, m_request.context)};
    }
    [[nodiscard]] Status makeKinds();
    [[nodiscard]] std::size_t kindOf(const LayerSpec& layer) const;
    [[nodiscard]] Status chooseLayers();
    [[nodiscard]] Status fill(DeviceBuffer& buffer, std::uint64_t bytes, std::uint64_t seed);
    [[nodiscard]] Status execute(const Layer& layer) const;
    [[nodiscard]] std::uint64_t roomBytes() const;
    [[nodiscard]] Status queue(const Layer& layer) const;
    [[nodiscard]] Status record();

    std::shared_ptr<GpuRuntime> m_gpu;
    std::shared_ptr<CudnnLibrary> m_library;
    DecoderRequest m_request;
    std::vector<Kind> m_kinds; ///< layers whose attention is one plan
    std::vector<Layer> m_layers;
    DeviceBuffer m_room; ///< queries, output and cuDNN's workspace: the layers take turns in it
    std::uint64_t m_rowsBytes = 0; ///< of the queries, and of the output
    std::optional<StepRecording> m_recording;
};

std::size_t CudnnDecoder::kindOf(const LayerSpec& layer) const {
    const CudnnShape shape = shapeOf(layer);
    return static_cast<std::size_t>(
        std::find_if(m_kinds.begin(), m_kinds.end(),
                     [&](const Kind& each) { return same(each.shape, shape); }) -
        m_kinds.begin());
}

Status CudnnDecoder::makeKinds() {
    for (const LayerSpec& layer : m_request.model.layers) {
        if (kindOf(layer) < m_kinds.size())
            continue;
        const CudnnShape shape = shapeOf(layer);
        Result<CudnnAttention> attention = CudnnAttention::make(m_library, shape);
        if (!attention)
            return attention.error();
        m_kinds.push_back({shape, std::move(*attention)});
        m_rowsBytes = std::max(m_rowsBytes, bytesOf(shape, shape.nHeads, 1));
    }
    constexpr std::uint64_t kBehindRows = 256; // alignment of the workspace
    m_rowsBytes = (m_rowsBytes + kBehindRows - 1) / kBehindRows * kBehindRows;
    return Done{};
}

std::uint64_t CudnnDecoder::roomBytes() const {
    std::uint64_t workspace = 0;
    for (const Kind& kind : m_kinds)
        workspace = std::max(workspace, kind.attention.workspaceBytes());
    return saturatingAdd(2 * m_rowsBytes, workspace);
}

Status CudnnDecoder::chooseLayers() {
    std::vector<LayerCost> costs;
    for (const LayerSpec& layer : m_request.model.layers) {
        const CudnnShape shape = shapeOf(layer);
        const std::uint64_t bytes =
            saturatingMultiply(2, bytesOf(shape, shape.nKvHeads, shape.tokens));
        costs.push_back({layer.ownsCache ? bytes : 0, static_cast<double>(bytes)});
    }
    const Result<std::vector<LayerRun>> runs =
        fitLayers(m_request, costs, roomBytes(), m_gpu->deviceId());
    if (!runs)
        return runs.error();
    for (std::size_t i = 0; i < runs->size(); ++i) {
        const LayerRun& run = (*runs)[i];
        Layer layer;
        layer.represents = run.represents;
        layer.kind = kindOf(m_request.model.layers[run.layer]);
        layer.owns = run.cacheOwner == i;
        layer.owner = run.cacheOwner;
        m_layers.push_back(std::move(layer));
    }
    return Done{};
}

Status CudnnDecoder::fill(DeviceBuffer& buffer, std::uint64_t bytes, std::uint64_t seed) {
    constexpr std::uint64_t kWord = 8; // fillRandom() writes whole ones
    Result<DeviceBuffer> made = DeviceBuffer::make(m_gpu, (bytes + kWord - 1) / kWord * kWord);
    if (!made)
        return made.error();
    buffer = std::move(*made);
    return fillRandom(*m_gpu, buffer.data(), buffer.bytes(), m_request.kvTypes.key, seed);
}

Status CudnnDecoder::execute(const Layer& layer) const {
    const Layer& cache = m_layers[layer.owner];
    std::byte* const room = m_room.data();
    return m_kinds[layer.kind].attention.execute(
        {room, cache.keys.data(), cache.values.data(), room + m_rowsBytes, room + 2 * m_rowsBytes});
}

Status CudnnDecoder::queue(const Layer& layer) const {
    return m_gpu->queueNative([this, &layer](void*) { return execute(layer); });
}

Status CudnnDecoder::record() {
    std::vector<StepSegment> segments;
    for (std::size_t first = 0, end = 0; first < m_layers.size(); first = end) {
        const double represents = m_layers[first].represents;
        while (end < m_layers.size() && m_layers[end].represents == represents)
            ++end;
        // How many kernels cuDNN launches is not known.
        segments.push_back({represents, 0, [this, first, end]() -> Status {
                                Status status = Done{};
                                for (std::size_t i = first; i < end && status; ++i)
                                    status = queue(m_layers[i]);
                                return status;
                            }});
    }
    Result<StepRecording> recording = StepRecording::record(m_gpu, segments);
    if (!recording)
        return recording.error();
    m_recording = std::move(*recording);
    return Done{};
}

Status CudnnDecoder::allocate(const std::stop_token& stop) {
    if (Status status = makeKinds(); !status)
        return status;
    if (Status status = chooseLayers(); !status)
        return status;
    if (Status status = fill(m_room, roomBytes(), m_request.seed); !status)
        return status;
    std::uint64_t seed = m_request.seed;
    for (Layer& layer : m_layers) {
        if (stop.stop_requested())
            return Error{ErrorCode::Interrupted, "stopped while the memory was filled",
                         m_gpu->deviceId(), ""};
        if (!layer.owns)
            continue;
        const CudnnShape& shape = m_kinds[layer.kind].shape;
        for (DeviceBuffer* each : {&layer.keys, &layer.values})
            if (Status status = fill(*each, bytesOf(shape, shape.nKvHeads, shape.tokens), ++seed);
                !status)
                return status;
    }
    // Kernels are loaded by their first call, which a recording would not allow.
    for (const Layer& layer : m_layers)
        if (Status status = queue(layer); !status)
            return status;
    if (Status status = m_gpu->synchronize(); !status)
        return status;
    return record();
}

} // namespace

Result<std::unique_ptr<Decoder>> makeCudnnDecoder(std::shared_ptr<GpuRuntime> gpu,
                                                  std::shared_ptr<CudnnLibrary> library,
                                                  const DecoderRequest& request,
                                                  const std::stop_token& stop) {
    if (Status status = sensible(request); !status)
        return status.error();
    Status started = gpu->queueNative([library](void* stream) { return library->use(stream); });
    if (started)
        started = gpu->synchronize();
    if (!started)
        return started.error();
    auto decoder = std::make_unique<CudnnDecoder>(std::move(gpu), std::move(library), request);
    if (Status status = decoder->allocate(stop); !status)
        return status.error();
    return std::unique_ptr<Decoder>(std::move(decoder));
}

} // namespace decodescope
