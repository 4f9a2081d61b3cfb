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
#include "core/spec/layer_matrices.h"
#include "core/spec/model_spec.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

// What is measured. At the usual head_dim the groups are dense, because kernels work on blocks of
// heads; at others a few tell how they differ from it.
constexpr std::int64_t kUsualHeadDim = 128;
constexpr std::int64_t kGroups[] = {1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 64};
constexpr std::int64_t kOtherHeadDims[] = {64, 80, 96, 256}; ///< matrix registers pad 80 to 96
constexpr std::int64_t kOtherGroups[] = {1, 8, 32};
constexpr std::int64_t kMemoryGroups[] = {1, 2, 4, 8}; ///< above, arithmetic hides the memory
constexpr std::int64_t kPartGroups[] = {1, 8, 32};
constexpr std::int64_t kBatches[] = {1, 2, 4, 8, 16};
constexpr std::int64_t kKvHeads = 4;
// Of a layer that is there for its weights, in hidden sizes: queries and output, keys and values,
// gate, up and down.
constexpr std::int64_t kGroup = 4;
constexpr std::int64_t kFfn = 4;
constexpr double kWeightsOfALayer = 2 + 2.0 / kGroup + 3 * kFfn;
constexpr std::int64_t kShortContext = 32; ///< of steps that are there for their weights
constexpr std::int64_t kMatrixSide = 2048; ///< hidden size of the model that outruns the cache
constexpr std::int64_t kNarrowSide = 256;  ///< as many weights in many layers, or in one
constexpr std::int64_t kWideSide = 768;
constexpr std::int64_t kActivationBatches[] = {1, 4, 16};

// Of the cache.
constexpr double kCachedShare = 0.125;
constexpr double kMostCachedShare = 0.5;
constexpr double kResidencyShares[] = {0.25, 0.5, 0.75, 1, 1.5, 2}; ///< and on in powers of two
constexpr std::size_t kResidencyWholes = 3; ///< all that are read for it, in the largest of them
// Of the last-level cache.
constexpr double kOutrun = 4; ///< bytes that no cache holds
constexpr double kLeastOutrun = 2;
constexpr double kFillShare = 0.6; ///< of the time, for filling what is read from memory

constexpr int kPasses = 3;

/// A point's fastest step less what its kernel is not.
double withoutFixed(const TimedPoint& point, double fixed) {
    // What is taken off is small; a disturbed figure must not make it more.
    constexpr double kLeastShare = 0.3;
    return std::max(kLeastShare * point.fastest(), point.fastest() - fixed);
}

bool differInThreadsAlone(AttentionRate a, const AttentionRate& b) {
    a.threads = b.threads;
    a.secondsPerRow = b.secondsPerRow;
    return a == b;
}
bool differInThreadsAlone(LinearRate a, const LinearRate& b) {
    a.threads = b.threads;
    a.secondsPerByte = b.secondsPerByte;
    return a == b;
}

/// Adds a rate whose time is at most that of fewer threads: where sharing gains nothing, a step is
/// left to one, and a point that was slower was disturbed.
template <typename Rate>
void addNoSlower(std::vector<Rate>& rates, double Rate::*time, Rate rate) {
    for (const Rate& each : rates)
        if (each.threads < rate.threads && differInThreadsAlone(each, rate))
            rate.*time = std::min(rate.*time, each.*time);
    rates.push_back(rate);
}

void addFilled(std::vector<TimedBatch>& batches, TimedBatch batch) {
    if (!batch.points.empty())
        batches.push_back(std::move(batch));
}

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
    [[nodiscard]] double besideLinear(const KernelModel& known,
                                      const DecoderRequest& request) const;
    /// Of the cache, or of all of its kind, that so many threads have.
    [[nodiscard]] double cacheBytes(int threads) const;
    [[nodiscard]] double cachedBytes(DataType type, std::int64_t headDim, int threads) const;
    [[nodiscard]] double memoryBytes(std::size_t atOnce) const;
    [[nodiscard]] std::size_t memoryPoints() const;

    void addLayers(std::vector<TimedBatch>& batches, int threads);
    void addParts(std::vector<TimedBatch>& batches);
    void addAttention(std::vector<TimedBatch>& batches, DataType type, int threads);
    void takeAttention(const std::vector<TimedPoint>& points, bool cached);
    void addResidency(std::vector<TimedBatch>& batches, int threads);
    void addActivations(std::vector<TimedBatch>& batches, DataType type, int threads);
    void addLinear(std::vector<TimedBatch>& batches, DataType type, int threads);
    void takeLinear(const std::vector<TimedPoint>& points, bool cached);
    [[nodiscard]] Status timeInPasses(std::vector<TimedBatch>& batches);

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
    const auto side = static_cast<double>(hidden);
    const double layerBytes = info(type).bytesPerElement() * side * side * kWeightsOfALayer;
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

/// What a step takes beside its linear layers.
double KernelCalibration::besideLinear(const KernelModel& known,
                                       const DecoderRequest& request) const {
    double perLayer = known.layerSeconds(Scope::Step, request.threads);
    if (!m_rates.units.launched) { // there the layer's time has a launch of it
        const LayerSpec& layer = request.model.layers.front();
        perLayer +=
            known
                .attentionSeconds({request.kvTypes, layer.nHeads, layer.nKvHeads, layer.headDimK,
                                   layer.headDimV, request.context, request.batch},
                                  request.threads, 0)
                .value_or(0);
    }
    return known.startSeconds(request.threads) +
           perLayer * static_cast<double>(request.model.layers.size());
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
    return (kResidencyWholes + points) * threadCounts().size();
}

/// From few and more layers. Handing a layer's work out to threads costs a time of its own: what is
/// left of attention over the fewest tokens as its heads become fewer.
void KernelCalibration::addLayers(std::vector<TimedBatch>& batches, int threads) {
    constexpr std::int64_t kFew = 1;
    constexpr std::int64_t kMore = 9;
    constexpr std::int64_t kNarrow = 64;
    constexpr std::int64_t kTimes = 4; ///< as many heads
    TimedBatch batch{fmt::format("layers, {}", onThreads(threads)), {}, {}};
    const auto add = [&](Scope scope, std::int64_t heads) {
        for (const std::int64_t layers : {kFew, kMore}) {
            DecoderRequest request;
            request.model = modelByHand({.layers = layers,
                                         .nHeads = heads,
                                         .nKvHeads = heads,
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
    };
    const bool launched = m_rates.units.launched;
    const std::int64_t heads = launched ? 1 : threads; // one for each
    add(Scope::Attention, heads);
    if (!launched)
        add(Scope::Attention, kTimes * heads);
    add(Scope::Step, 1);
    if (batch.points.empty())
        return;
    batch.take = [this, threads, launched](std::vector<TimedPoint>& points) {
        constexpr double kLeast = 1e-9;
        const auto perLayer = [&](std::size_t few) {
            return std::max(kLeast, (points[few + 1].fastest() - points[few].fastest()) /
                                        static_cast<double>(kMore - kFew));
        };
        LayerRate rate{threads, perLayer(0), perLayer(points.size() - 2), 0};
        if (launched)
            rate.startSeconds = std::max(0.0, points.front().fastest() - static_cast<double>(kFew) *
                                                                             rate.attentionSeconds);
        else
            rate.attentionSeconds =
                std::max(kLeast, (kTimes * perLayer(0) - perLayer(2)) / (kTimes - 1));
        m_rates.layers.push_back(rate);
    };
    batches.push_back(std::move(batch));
}

/// From heads of two lengths, each one part and all in a core's own caches.
void KernelCalibration::addParts(std::vector<TimedBatch>& batches) {
    constexpr std::int64_t kHeads = 8;
    constexpr std::int64_t kTimes = 4;
    const std::int64_t few = m_rates.units.tileTokens;
    TimedBatch batch{"parts of heads", {}, {}};
    for (const DataTypeInfo& type : dataTypes())
        for (const std::int64_t group : kPartGroups) {
            if (!type.kvCache ||
                !covers(attentionPoint(type.type, group, kUsualHeadDim, kHeads, few, 1).request))
                continue;
            for (const std::int64_t tokens : {few, kTimes * few})
                batch.points.push_back(
                    attentionPoint(type.type, group, kUsualHeadDim, kHeads, tokens, 1));
        }
    batch.take = [this](std::vector<TimedPoint>& points) {
        const double fixed = KernelModel(m_rates).layerSeconds(Scope::Attention, 1);
        for (std::size_t i = 0; i + 1 < points.size(); i += 2) {
            const double ofFew = points[i].fastest() - fixed;
            const double ofMore = points[i + 1].fastest() - fixed;
            const LayerSpec& layer = points[i].request.model.layers.front();
            constexpr double kLeast = 1e-9;
            m_rates.parts.push_back(
                {points[i].request.kvTypes.key, layer.nHeads / layer.nKvHeads,
                 std::max(kLeast, (kTimes * ofFew - ofMore) / (kTimes - 1) / kHeads)});
        }
    };
    batches.push_back(std::move(batch));
}

void KernelCalibration::addAttention(std::vector<TimedBatch>& batches, DataType type, int threads) {
    const auto take = [this](bool cached) {
        return [this, cached](std::vector<TimedPoint>& points) { takeAttention(points, cached); };
    };
    TimedBatch held{fmt::format("{} cache, {}", name(type), onThreads(threads)), {}, take(true)};
    TimedBatch read{held.what + ", from memory", {}, take(false), true};
    const auto add = [&](TimedBatch& batch, std::int64_t group, std::int64_t headDim,
                         double bytes) {
        TimedPoint point = attentionOfBytes(type, group, headDim, bytes, threads);
        if (covers(point.request))
            batch.points.push_back(std::move(point));
    };
    for (const std::int64_t group : kGroups)
        add(held, group, kUsualHeadDim, cachedBytes(type, kUsualHeadDim, threads));
    for (const std::int64_t headDim : kOtherHeadDims)
        for (const std::int64_t group : kOtherGroups)
            add(held, group, headDim, cachedBytes(type, headDim, threads));
    if (const double bytes = memoryBytes(std::size(kMemoryGroups)); bytes > 0)
        for (const std::int64_t group : kMemoryGroups)
            add(read, group, kUsualHeadDim, bytes);
    addFilled(batches, std::move(held));
    addFilled(batches, std::move(read));
}

void KernelCalibration::takeAttention(const std::vector<TimedPoint>& points, bool cached) {
    const KernelModel known(m_rates); // what it will add, is taken off here
    for (const TimedPoint& point : points) {
        const DecoderRequest& request = point.request;
        const LayerSpec& layer = request.model.layers.front();
        const std::int64_t group = layer.nHeads / layer.nKvHeads;
        const auto parts = static_cast<double>(
            kKvHeads * m_rates.units.partsOfHead(kKvHeads, request.context, request.threads));
        const double ofPart = known.partSeconds(request.kvTypes.key, static_cast<double>(group),
                                                static_cast<double>(layer.headDimK)) /
                              request.threads;
        const double fixed = known.layerSeconds(Scope::Attention, request.threads) + parts * ofPart;
        addNoSlower(m_rates.attention, &AttentionRate::secondsPerRow,
                    {request.kvTypes.key, group, layer.headDimK, request.threads, cached,
                     withoutFixed(point, fixed) / point.amount});
    }
}

/// How the time of a row goes from the cached one to that of memory as a step reads more.
void KernelCalibration::addResidency(std::vector<TimedBatch>& batches, int threads) {
    const double most = memoryBytes(kResidencyWholes);
    if (most <= 0)
        return;
    TimedBatch batch{fmt::format("cache and memory, {}", onThreads(threads)), {}, {}};
    const double cache = cacheBytes(threads);
    std::vector<double> bytes{kCachedShare * cache};
    for (const double share : kResidencyShares)
        bytes.push_back(share * cache);
    while (2 * bytes.back() < most)
        bytes.push_back(2 * bytes.back());
    bytes.push_back(most);
    for (const double each : bytes)
        batch.points.push_back(attentionOfBytes(DataType::F16, 1, kUsualHeadDim, each, threads));
    batch.take = [this, threads, bytes](std::vector<TimedPoint>& points) {
        std::vector<double> ofRow(points.size());
        std::transform(points.begin(), points.end(), ofRow.begin(),
                       [](const TimedPoint& point) { return point.fastest() / point.amount; });
        const std::vector<double> shares = risingShares(ofRow);
        for (std::size_t i = 0; i < points.size(); ++i)
            m_rates.residency.push_back({static_cast<std::uint64_t>(bytes[i]), shares[i], threads});
    };
    batches.push_back(std::move(batch));
}

/// From as many weights in layers of two widths: narrow ones have more inputs and outputs a weight.
void KernelCalibration::addActivations(std::vector<TimedBatch>& batches, DataType type,
                                       int threads) {
    TimedBatch batch{fmt::format("{} activations, {}", name(type), onThreads(threads)), {}, {}};
    const double bytes = info(type).bytesPerElement() * kWeightsOfALayer *
                         static_cast<double>(kWideSide * kWideSide);
    for (const std::int64_t each : kActivationBatches)
        for (const std::int64_t hidden : {kNarrowSide, kWideSide})
            if (TimedPoint point = stepPoint(type, hidden, bytes, each, threads);
                covers(point.request))
                batch.points.push_back(std::move(point));
    if (batch.points.empty())
        return;
    batch.take = [this, type, threads](std::vector<TimedPoint>& points) {
        const KernelModel known(m_rates);
        const auto seconds = [&](const TimedPoint& point) {
            return point.fastest() - besideLinear(known, point.request);
        };
        for (std::size_t i = 0; i + 1 < points.size(); i += 2) {
            const TimedPoint& narrow = points[i];
            const TimedPoint& wide = points[i + 1];
            const double perValue =
                (seconds(narrow) * wide.amount - seconds(wide) * narrow.amount) /
                (valuesPassed(narrow.request.model) * wide.amount -
                 valuesPassed(wide.request.model) * narrow.amount);
            constexpr double kLeast = 1e-13;
            m_rates.activations.push_back(
                {type, narrow.request.batch, threads, std::max(kLeast, perValue)});
        }
    };
    batches.push_back(std::move(batch));
}

void KernelCalibration::addLinear(std::vector<TimedBatch>& batches, DataType type, int threads) {
    std::int64_t small = kMatrixSide;
    while (small > kNarrowSide &&
           info(type).bytesPerElement() * kWeightsOfALayer * static_cast<double>(small * small) >
               kMostCachedShare / 2 * cacheBytes(threads))
        small /= 2;
    const auto take = [this](bool cached) {
        return [this, cached](std::vector<TimedPoint>& points) { takeLinear(points, cached); };
    };
    TimedBatch held{fmt::format("{} weights, {}", name(type), onThreads(threads)), {}, take(true)};
    TimedBatch read{held.what + ", from memory", {}, take(false), true};
    const auto add = [&](TimedBatch& batch, std::int64_t hidden, double bytes) {
        for (const std::int64_t each : kBatches)
            if (TimedPoint point = stepPoint(type, hidden, bytes, each, threads);
                covers(point.request))
                batch.points.push_back(std::move(point));
    };
    add(held, small, 0);
    if (const double bytes = memoryBytes(std::size(kBatches)); bytes > 0)
        add(read, kMatrixSide, bytes);
    addFilled(batches, std::move(held));
    addFilled(batches, std::move(read));
}

void KernelCalibration::takeLinear(const std::vector<TimedPoint>& points, bool cached) {
    const KernelModel known(m_rates);
    for (const TimedPoint& point : points) {
        const DecoderRequest& request = point.request;
        const double fixed =
            besideLinear(known, request) + known.activationSeconds(request.weightsType,
                                                                   valuesPassed(request.model),
                                                                   request.batch, request.threads);
        addNoSlower(m_rates.linear, &LinearRate::secondsPerByte,
                    {request.weightsType, request.batch, request.threads, cached,
                     withoutFixed(point, fixed) / point.amount});
    }
}

/// Each batch at several moments, since whoever else is on the machine disturbs it for seconds.
Status KernelCalibration::timeInPasses(std::vector<TimedBatch>& batches) {
    const int passes = m_rates.units.launched ? 1 : kPasses;
    std::size_t runs = 0;
    for (const TimedBatch& batch : batches)
        runs += batch.once ? 1 : static_cast<std::size_t>(passes);
    const auto start = Clock::now();
    std::size_t done = 0;
    for (int pass = 0; pass < passes; ++pass)
        for (TimedBatch& batch : batches) {
            if (batch.once && pass > 0)
                continue;
            if (m_request.progress)
                m_request.progress(batch.what,
                                   static_cast<double>(done) / static_cast<double>(runs));
            const double left = m_request.maxSeconds - secondsSince(start);
            if (pass > 0 && left <= 0)
                return Done{};
            if (Status status = m_timer.run(batch, left / static_cast<double>(runs - done));
                !status)
                return status;
            ++done;
        }
    return Done{};
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
        for (const int threads : threadCounts())
            addResidency(batches, threads);
    }
    for (const int threads : threadCounts())
        for (const DataTypeInfo& type : dataTypes())
            if (type.kvCache && !launched)
                addAttention(batches, type.type, threads);
    for (const int threads : threadCounts())
        for (const DataTypeInfo& type : dataTypes()) {
            if (!type.weights)
                continue;
            if (!launched)
                addActivations(batches, type.type, threads);
            addLinear(batches, type.type, threads);
        }
    if (Status status = timeInPasses(batches); !status)
        return status.error();
    for (TimedBatch& batch : batches)
        m_timer.finish(batch);
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
