// SPDX-License-Identifier: Apache-2.0
#include "core/profile/kernel_calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/engine/elapsed.h"
#include "core/plan/kernel_model.h"
#include "core/profile/launch_calibration.h"
#include "core/profile/statistics.h"
#include "core/profile/timed_points.h"
#include "core/spec/model_spec.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

// What is measured. At the usual head_dim the groups are dense, because kernels work on blocks of
// heads; at others a few tell how they differ from it.
constexpr std::int64_t kUsualHeadDim = 128;
constexpr std::int64_t kGroups[] = {1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 64};
constexpr std::int64_t kOtherHeadDims[] = {64, 256};
constexpr std::int64_t kOtherGroups[] = {1, 4, 8, 32};
constexpr std::int64_t kMemoryGroups[] = {1, 2, 4, 8}; ///< above, arithmetic hides the memory
constexpr std::int64_t kPartGroups[] = {1, 8, 32};
constexpr std::int64_t kBatches[] = {1, 2, 4, 8, 16};
constexpr std::int64_t kKvHeads = 4;
constexpr std::int64_t kShortContext = 32; ///< of steps that are there for their weights
constexpr std::int64_t kMatrixSide = 2048; ///< hidden size of the model that outruns the cache

// Of the cache.
constexpr double kCachedShare = 0.125;
constexpr double kMostCachedShare = 0.5;
constexpr double kResidencyShares[] = {0.25, 0.5, 0.75, 1, 1.5, 2};
// Of the last-level cache.
constexpr double kLastLevelShares[] = {0.25, 1}; ///< where it is a larger one
constexpr double kOutrun = 4;                    ///< bytes that no cache holds
constexpr double kLeastOutrun = 2;
constexpr double kFillShare = 0.6; ///< of the time, for filling what is read from memory

class KernelCalibration {
public:
    KernelCalibration(Backend& backend, const DeviceInfo& device,
                      const KernelCalibrationRequest& request, const std::stop_token& stop)
        : m_backend(backend), m_device(device), m_request(request),
          m_timer(backend, device.id, stop),
          m_threads(request.threads > 0 ? request.threads : std::max(1, device.threads)),
          m_lastLevelBytes(static_cast<double>(device.lastLevelCacheBytes.value_or(16 * kMiB))) {
        m_rates.units = backend.attentionUnits();
    }

    [[nodiscard]] Result<KernelRates> measure();

private:
    [[nodiscard]] std::vector<int> threadCounts() const {
        return m_threads > 1 ? std::vector<int>{1, m_threads} : std::vector<int>{1};
    }
    [[nodiscard]] std::string onThreads(int threads) const {
        return fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
    }
    [[nodiscard]] bool covers(const DecoderRequest& request) const {
        return m_backend.covers(m_device.id, request).ok();
    }
    [[nodiscard]] TimedPoint attentionPoint(DataType type, std::int64_t group, std::int64_t headDim,
                                            std::int64_t kvHeads, std::int64_t tokens,
                                            int threads) const;
    [[nodiscard]] TimedPoint attentionOfBytes(DataType type, std::int64_t group,
                                              std::int64_t headDim, double bytes,
                                              int threads) const;
    [[nodiscard]] TimedPoint stepPoint(DataType type, std::int64_t hidden, double bytes,
                                       std::int64_t batch, int threads) const;
    /// Of the cache, or of all of its kind, that so many threads have.
    [[nodiscard]] double cacheBytes(int threads) const;
    [[nodiscard]] double cachedBytes(DataType type, std::int64_t headDim, int threads) const;
    [[nodiscard]] double memoryBytes(std::size_t atOnce) const;
    [[nodiscard]] std::size_t memoryPoints() const;

    void addLayers(std::vector<TimedBatch>& batches, int threads);
    void addParts(std::vector<TimedBatch>& batches);
    void addAttention(std::vector<TimedBatch>& batches, DataType type, int threads);
    void addResidency(std::vector<TimedBatch>& batches);
    void addLinear(std::vector<TimedBatch>& batches, DataType type, int threads);

    Backend& m_backend;
    const DeviceInfo& m_device;
    const KernelCalibrationRequest& m_request;
    PointTimer m_timer;
    int m_threads;
    double m_lastLevelBytes;
    KernelRates m_rates;
};

TimedPoint KernelCalibration::attentionPoint(DataType type, std::int64_t group,
                                             std::int64_t headDim, std::int64_t kvHeads,
                                             std::int64_t tokens, int threads) const {
    DecoderRequest request;
    request.model = modelByHand(
        {.layers = 1, .nHeads = group * kvHeads, .nKvHeads = kvHeads, .headDim = headDim});
    request.kvTypes = {type, type};
    request.context = tokens;
    request.threads = threads;
    request.budgetBytes = m_request.budgetBytes;
    return {std::move(request), static_cast<double>(kvHeads * tokens)};
}

/// Of as many tokens as take so many bytes.
TimedPoint KernelCalibration::attentionOfBytes(DataType type, std::int64_t group,
                                               std::int64_t headDim, double bytes,
                                               int threads) const {
    const double rowBytes =
        2 * static_cast<double>(storedBytes(type, static_cast<std::uint64_t>(headDim)));
    const std::int64_t tile = m_rates.units.tileTokens;
    const auto tiles = static_cast<std::int64_t>(bytes / rowBytes / kKvHeads) / tile;
    return attentionPoint(type, group, headDim, kKvHeads, std::max<std::int64_t>(1, tiles) * tile,
                          threads);
}

/// Layers with short contexts, of about so many bytes of weights.
TimedPoint KernelCalibration::stepPoint(DataType type, std::int64_t hidden, double bytes,
                                        std::int64_t batch, int threads) const {
    constexpr std::int64_t kHeadDim = 64;
    constexpr std::int64_t kGroup = 4;
    constexpr std::int64_t kFfn = 4;
    const auto side = static_cast<double>(hidden);
    const double layerBytes = info(type).bytesPerElement() * side * side *
                              (2 + 2.0 / kGroup + 3 * static_cast<double>(kFfn));
    const auto layers = std::max<std::int64_t>(1, std::llround(bytes / layerBytes));
    DecoderRequest request;
    request.model = modelByHand({.layers = layers,
                                 .nHeads = hidden / kHeadDim,
                                 .nKvHeads = hidden / kHeadDim / kGroup,
                                 .headDim = kHeadDim,
                                 .hiddenSize = hidden,
                                 .ffnHidden = kFfn * hidden,
                                 .vocabSize = kHeadDim});
    request.scope = Scope::Step;
    request.weightsType = type;
    request.batch = batch;
    request.context = kShortContext;
    request.threads = threads;
    request.budgetBytes = m_request.budgetBytes;
    return {std::move(request)}; // its amount is known once the decoder is there
}

double KernelCalibration::cacheBytes(int threads) const {
    if (!m_request.cache)
        return m_lastLevelBytes;
    const int sharing = std::max(1, m_request.cache->threads);
    const int caches = (threads + sharing - 1) / sharing;
    return static_cast<double>(m_request.cache->bytes) * caches;
}

/// Enough for every thread to have its parts, and well within the cache.
double KernelCalibration::cachedBytes(DataType type, std::int64_t headDim, int threads) const {
    const AttentionUnits& units = m_rates.units;
    const double rows = static_cast<double>(units.leastPartTokens * units.partsPerThread * threads);
    const double bytes =
        rows * 2 * static_cast<double>(storedBytes(type, static_cast<std::uint64_t>(headDim)));
    const double cache = cacheBytes(threads);
    return std::min(std::max(bytes, kCachedShare * cache), kMostCachedShare * cache);
}

/// Of each of `atOnce` points that outrun the cache; 0 where there is no room for them.
double KernelCalibration::memoryBytes(std::size_t atOnce) const {
    const double room =
        0.75 * static_cast<double>(m_request.budgetBytes) / static_cast<double>(atOnce);
    if (room < kLeastOutrun * m_lastLevelBytes)
        return 0;
    const double bytes = std::min(kOutrun * m_lastLevelBytes, room);
    if (m_request.fillBytesPerSecond <= 0)
        return bytes;
    const double inTime = kFillShare * m_request.maxSeconds * m_request.fillBytesPerSecond /
                          static_cast<double>(memoryPoints());
    return std::min(bytes, std::max(inTime, kLeastOutrun * cacheBytes(m_threads)));
}

/// Of all types and thread counts.
std::size_t KernelCalibration::memoryPoints() const {
    std::size_t points = 0;
    for (const DataTypeInfo& type : dataTypes()) {
        if (type.kvCache && covers(attentionOfBytes(type.type, 1, kUsualHeadDim, 0, 1).request))
            points += std::size(kMemoryGroups);
        if (type.weights && covers(stepPoint(type.type, kMatrixSide, 0, 1, 1).request))
            points += std::size(kBatches);
    }
    return 1 + points * threadCounts().size();
}

void KernelCalibration::addLayers(std::vector<TimedBatch>& batches, int threads) {
    constexpr std::int64_t kFew = 1;
    constexpr std::int64_t kMore = 9;
    constexpr std::int64_t kNarrow = 64;
    TimedBatch batch{fmt::format("layers, {}", onThreads(threads)), {}, {}};
    for (const Scope scope : {Scope::Attention, Scope::Step})
        for (const std::int64_t layers : {kFew, kMore}) {
            DecoderRequest request;
            request.model = modelByHand({.layers = layers,
                                         .nHeads = 1,
                                         .nKvHeads = 1,
                                         .headDim = kNarrow,
                                         .hiddenSize = kNarrow,
                                         .ffnHidden = kNarrow,
                                         .vocabSize = kNarrow});
            request.scope = scope;
            request.context = 1;
            request.threads = threads;
            request.budgetBytes = m_request.budgetBytes;
            if (covers(request))
                batch.points.push_back({std::move(request)});
        }
    if (batch.points.empty())
        return;
    batch.take = [this, threads](std::vector<TimedPoint>& points) {
        const auto perLayer = [&](std::size_t few) {
            constexpr double kLeast = 1e-9;
            return std::max(kLeast, (points[few + 1].fastest() - points[few].fastest()) /
                                        static_cast<double>(kMore - kFew));
        };
        LayerRate rate{threads, perLayer(0), perLayer(points.size() - 2), 0};
        if (m_rates.units.launched)
            rate.startSeconds = std::max(0.0, points.front().fastest() - static_cast<double>(kFew) *
                                                                             rate.attentionSeconds);
        m_rates.layers.push_back(rate);
    };
    batches.push_back(std::move(batch));
}

/// From heads of two lengths, each one part.
void KernelCalibration::addParts(std::vector<TimedBatch>& batches) {
    constexpr std::int64_t kHeads = 16;
    const std::int64_t few = m_rates.units.tileTokens;
    const std::int64_t more = std::max(m_rates.units.leastPartTokens, 4 * few);
    TimedBatch batch{"parts of heads", {}, {}};
    for (const std::int64_t group : kPartGroups)
        for (const std::int64_t tokens : {few, more})
            batch.points.push_back(
                attentionPoint(DataType::F16, group, kUsualHeadDim, kHeads, tokens, 1));
    batch.take = [this, few, more](std::vector<TimedPoint>& points) {
        const double fixed = KernelModel(m_rates).layerSeconds(Scope::Attention, 1);
        for (std::size_t i = 0; i + 1 < points.size(); i += 2) {
            const double ratio = static_cast<double>(more) / static_cast<double>(few);
            const double perHead =
                (ratio * (points[i].fastest() - fixed) - (points[i + 1].fastest() - fixed)) /
                (ratio - 1) / kHeads;
            if (perHead > 0)
                m_rates.parts.push_back({kPartGroups[i / 2], perHead});
        }
    };
    batches.push_back(std::move(batch));
}

void KernelCalibration::addAttention(std::vector<TimedBatch>& batches, DataType type, int threads) {
    TimedBatch batch{fmt::format("{} cache, {}", name(type), onThreads(threads)), {}, {}};
    const auto add = [&](std::int64_t group, std::int64_t headDim, double bytes) {
        TimedPoint point = attentionOfBytes(type, group, headDim, bytes, threads);
        if (covers(point.request))
            batch.points.push_back(std::move(point));
    };
    for (const std::int64_t group : kGroups)
        add(group, kUsualHeadDim, cachedBytes(type, kUsualHeadDim, threads));
    for (const std::int64_t headDim : kOtherHeadDims)
        for (const std::int64_t group : kOtherGroups)
            add(group, headDim, cachedBytes(type, headDim, threads));
    const std::size_t cached = batch.points.size();
    if (const double bytes = memoryBytes(std::size(kMemoryGroups)); bytes > 0)
        for (const std::int64_t group : kMemoryGroups)
            add(group, kUsualHeadDim, bytes);
    if (batch.points.empty())
        return;
    batch.take = [this, type, threads, cached](std::vector<TimedPoint>& points) {
        const KernelModel known(m_rates); // what it will add, is taken off here
        for (std::size_t i = 0; i < points.size(); ++i) {
            const LayerSpec& layer = points[i].request.model.layers.front();
            const std::int64_t group = layer.nHeads / layer.nKvHeads;
            const std::int64_t tokens = points[i].request.context;
            const auto parts = static_cast<double>(
                kKvHeads * m_rates.units.partsOfHead(kKvHeads, tokens, threads));
            const double fixed = known.layerSeconds(Scope::Attention, threads) +
                                 parts *
                                     known.partSeconds(static_cast<double>(group),
                                                       static_cast<double>(layer.headDimK)) /
                                     threads;
            // What is subtracted is small; a disturbed figure must not make it more.
            constexpr double kLeastShare = 0.5;
            const double fastest = points[i].fastest();
            m_rates.attention.push_back(
                {type, group, layer.headDimK, threads, i < cached,
                 std::max(kLeastShare * fastest, fastest - fixed) / points[i].amount});
        }
    };
    batches.push_back(std::move(batch));
}

/// How the time of a row goes from the cached one to that of memory as a step reads more.
void KernelCalibration::addResidency(std::vector<TimedBatch>& batches) {
    const double most = memoryBytes(std::size(kResidencyShares));
    if (most <= 0)
        return;
    TimedBatch batch{"cache and memory", {}, {}};
    const double cache = cacheBytes(m_threads);
    std::vector<double> bytes{kCachedShare * cache};
    for (const double share : kResidencyShares)
        bytes.push_back(share * cache);
    for (const double share : kLastLevelShares)
        if (const double each = share * m_lastLevelBytes; each > 2 * bytes.back() && each < most)
            bytes.push_back(each);
    bytes.push_back(most);
    for (const double each : bytes)
        batch.points.push_back(attentionOfBytes(DataType::F16, 1, kUsualHeadDim, each, m_threads));
    batch.take = [this, bytes](std::vector<TimedPoint>& points) {
        const auto perRow = [&](const TimedPoint& point) { return point.fastest() / point.amount; };
        const double cached = perRow(points.front());
        const double memory = perRow(points.back());
        double before = 0;
        for (std::size_t i = 0; i < points.size(); ++i) {
            const double share =
                memory > cached ? (perRow(points[i]) - cached) / (memory - cached) : 1;
            before = std::clamp(share, before, 1.0);
            m_rates.residency.push_back({static_cast<std::uint64_t>(bytes[i]), before});
        }
    };
    batches.push_back(std::move(batch));
}

void KernelCalibration::addLinear(std::vector<TimedBatch>& batches, DataType type, int threads) {
    TimedBatch batch{fmt::format("{} weights, {}", name(type), onThreads(threads)), {}, {}};
    std::int64_t small = kMatrixSide;
    constexpr std::int64_t kSmallest = 256;
    constexpr double kMatricesOfALayer = 14.5; // in sides squared: stepPoint()
    while (small > kSmallest &&
           info(type).bytesPerElement() * kMatricesOfALayer * static_cast<double>(small * small) >
               kMostCachedShare / 2 * cacheBytes(threads))
        small /= 2;
    const double memory = memoryBytes(std::size(kBatches));
    const auto add = [&](std::int64_t hidden, double bytes) {
        for (const std::int64_t each : kBatches)
            if (TimedPoint point = stepPoint(type, hidden, bytes, each, threads);
                covers(point.request))
                batch.points.push_back(std::move(point));
    };
    add(small, 0);
    const std::size_t cached = batch.points.size();
    if (memory > 0)
        add(kMatrixSide, memory);
    if (batch.points.empty())
        return;
    batch.take = [this, type, threads, cached](std::vector<TimedPoint>& points) {
        const KernelModel known(m_rates);
        for (std::size_t i = 0; i < points.size(); ++i) {
            constexpr double kLeastShare = 0.5;
            const double fastest = points[i].fastest();
            const double fixed = known.startSeconds(threads) +
                                 known.layerSeconds(Scope::Step, threads) *
                                     static_cast<double>(points[i].request.model.layers.size());
            m_rates.linear.push_back(
                {type, points[i].request.batch, threads, i < cached,
                 std::max(kLeastShare * fastest, fastest - fixed) / points[i].amount});
        }
    };
    batches.push_back(std::move(batch));
}

Result<KernelRates> KernelCalibration::measure() {
    std::vector<TimedBatch> batches;
    for (const int threads : threadCounts())
        addLayers(batches, threads);
    const bool launched = m_rates.units.launched;
    if (launched) {
        for (TimedBatch& batch : launchBatches(m_backend, m_device, m_request.budgetBytes, m_rates))
            batches.push_back(std::move(batch));
    } else {
        addParts(batches);
        addResidency(batches);
    }
    for (const int threads : threadCounts())
        for (const DataTypeInfo& type : dataTypes()) {
            if (type.kvCache && !launched)
                addAttention(batches, type.type, threads);
            if (type.weights)
                addLinear(batches, type.type, threads);
        }
    const auto start = Clock::now();
    for (std::size_t i = 0; i < batches.size(); ++i) {
        if (m_request.progress)
            m_request.progress(batches[i].what,
                               static_cast<double>(i) / static_cast<double>(batches.size()));
        const double left = m_request.maxSeconds - secondsSince(start);
        if (Status status = m_timer.run(batches[i], left / static_cast<double>(batches.size() - i));
            !status)
            return status.error();
    }
    constexpr double kNine = 0.9;
    m_rates.usualSlowdown = median(m_timer.slowdowns());
    m_rates.mostSlowdown = quantile(m_timer.slowdowns(), kNine);
    return m_rates;
}

} // namespace

Result<KernelRates> measureKernelRates(Backend& backend, const DeviceInfo& device,
                                       const KernelCalibrationRequest& request,
                                       const std::stop_token& stop) {
    return KernelCalibration(backend, device, request, stop).measure();
}

} // namespace decodescope
