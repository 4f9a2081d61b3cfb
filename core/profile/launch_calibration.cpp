// SPDX-License-Identifier: Apache-2.0
#include "core/profile/launch_calibration.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "core/profile/statistics.h"
#include "core/spec/model_spec.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// Kernels for matrix units work on 16, 32, 64 or 128 rows of queries: one head more takes the
/// next.
constexpr std::int64_t kGroups[] = {1, 2, 4, 8, 16, 17, 32, 33, 64, 128};
constexpr std::int64_t kOtherGroups[] = {1, 8, 32};
constexpr std::int64_t kUsualHeadDim = 128;
/// Those between the widths that kernels are made for are padded: their bytes say too little.
constexpr std::int64_t kHeadDims[] = {kUsualHeadDim, 64, 80, 96, 256};
constexpr std::int64_t kKvHeads = 8;
/// From launches that are latency alone to those that fill every GPU.
constexpr std::int64_t kRows[] = {1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18};

// Of the last-level cache.
constexpr double kMostCachedShare = 0.5;
constexpr double kOutrun = 4;
constexpr double kLeastOutrun = 2;
constexpr double kResidencyLayerShare = 0.125; ///< each of whose layers reads so much
constexpr int kResidencyLayers[] = {1, 2, 4, 6, 8, 12, 16, 32};
constexpr std::int64_t kMostLayers = 128;

/// What is left of the time of a launch when all else is taken off; noise must not make it nothing.
constexpr double kLeastShare = 0.02;

class Launches {
public:
    Launches(Backend& backend, const DeviceInfo& device, std::uint64_t budgetBytes,
             KernelRates& rates)
        : m_backend(backend), m_device(device), m_budgetBytes(budgetBytes), m_rates(rates),
          m_cacheBytes(static_cast<double>(device.lastLevelCacheBytes.value_or(16 * kMiB))) {}

    [[nodiscard]] std::vector<TimedBatch> batches() {
        std::vector<TimedBatch> all;
        add(all, residency());
        for (const DataTypeInfo& type : dataTypes())
            if (type.kvCache)
                for (const std::int64_t headDim : kHeadDims)
                    for (const std::int64_t group : kGroups)
                        if (headDim == kUsualHeadDim ||
                            std::find(std::begin(kOtherGroups), std::end(kOtherGroups), group) !=
                                std::end(kOtherGroups))
                            add(all, launches(type.type, group, headDim));
        return all;
    }

private:
    static void add(std::vector<TimedBatch>& all, TimedBatch batch) {
        if (!batch.points.empty())
            all.push_back(std::move(batch));
    }

    [[nodiscard]] static double rowBytes(DataType type, std::int64_t headDim) {
        return 2 * static_cast<double>(storedBytes(type, static_cast<std::uint64_t>(headDim)));
    }

    [[nodiscard]] TimedPoint point(DataType type, std::int64_t group, std::int64_t headDim,
                                   std::int64_t rows, std::int64_t layers) const {
        DecoderRequest request;
        request.model = modelByHand({.layers = layers,
                                     .nHeads = group * kKvHeads,
                                     .nKvHeads = kKvHeads,
                                     .headDim = headDim});
        request.kvTypes = {type, type};
        request.context = std::max<std::int64_t>(1, rows / kKvHeads);
        request.budgetBytes = m_budgetBytes;
        return {std::move(request), static_cast<double>(rows)};
    }

    /// Layers that outrun the cache, all of them together; nothing where too many would be needed,
    /// or where `atOnce` such points have no room.
    [[nodiscard]] std::optional<std::int64_t> outrunningLayers(double layerBytes,
                                                               std::size_t atOnce) const {
        const auto layers = std::min(
            kMostLayers, static_cast<std::int64_t>(std::ceil(kOutrun * m_cacheBytes / layerBytes)));
        const double bytes = layerBytes * static_cast<double>(layers);
        constexpr double kRoomShare = 0.75;
        if (bytes < kLeastOutrun * m_cacheBytes ||
            bytes * static_cast<double>(atOnce) > kRoomShare * static_cast<double>(m_budgetBytes))
            return std::nullopt;
        return layers;
    }

    /// Of one layer, beside what every layer and every step costs.
    [[nodiscard]] double layerSeconds(const TimedPoint& point) const {
        const auto layers = static_cast<double>(point.request.model.layers.size());
        const LayerRate known = m_rates.layers.empty() ? LayerRate{} : m_rates.layers.front();
        const double all = point.fastest() / layers;
        return std::max(kLeastShare * all,
                        all - known.startSeconds / layers - known.attentionSeconds);
    }

    [[nodiscard]] TimedBatch launches(DataType type, std::int64_t group, std::int64_t headDim) {
        TimedBatch batch{
            fmt::format("{} cache, group {}, head_dim {}", name(type), group, headDim), {}, {}};
        for (const std::int64_t rows : kRows) {
            const double bytes = static_cast<double>(rows) * rowBytes(type, headDim);
            if (bytes <= kMostCachedShare * m_cacheBytes)
                addCovered(batch, point(type, group, headDim, rows, 1));
            if (const auto layers = outrunningLayers(bytes, std::size(kRows)))
                addCovered(batch, point(type, group, headDim, rows, *layers));
        }
        batch.take = [this, type, group, headDim](std::vector<TimedPoint>& points) {
            for (const TimedPoint& each : points) {
                const auto bytes = each.amount * rowBytes(type, headDim) *
                                   static_cast<double>(each.request.model.layers.size());
                m_rates.launches.push_back(
                    {type, group, headDim, bytes <= kMostCachedShare * m_cacheBytes,
                     static_cast<std::int64_t>(each.amount), layerSeconds(each)});
            }
        };
        return batch;
    }

    void addCovered(TimedBatch& batch, TimedPoint made) const {
        if (m_backend.covers(m_device.id, made.request))
            batch.points.push_back(std::move(made));
    }

    /// Ever more layers of one size: what a layer takes goes from the cached time to that of
    /// memory.
    [[nodiscard]] TimedBatch residency() {
        constexpr DataType kType = DataType::F16;
        const auto rows = static_cast<std::int64_t>(kResidencyLayerShare * m_cacheBytes /
                                                    rowBytes(kType, kUsualHeadDim)) /
                          kKvHeads * kKvHeads;
        const double layerBytes = static_cast<double>(rows) * rowBytes(kType, kUsualHeadDim);
        TimedBatch batch{"cache and memory", {}, {}};
        int all = 0;
        for (const int layers : kResidencyLayers)
            all += layers;
        if (rows < kKvHeads || layerBytes * all > static_cast<double>(m_budgetBytes))
            return batch;
        for (const int layers : kResidencyLayers)
            addCovered(batch, point(kType, 1, kUsualHeadDim, rows, layers));
        batch.take = [this, layerBytes](std::vector<TimedPoint>& points) {
            std::vector<double> ofLayer(points.size());
            std::transform(points.begin(), points.end(), ofLayer.begin(),
                           [this](const TimedPoint& each) { return layerSeconds(each); });
            const std::vector<double> shares = risingShares(ofLayer);
            for (std::size_t i = 0; i < points.size(); ++i) {
                const double layers = static_cast<double>(points[i].request.model.layers.size());
                m_rates.residency.push_back(
                    {static_cast<std::uint64_t>(layerBytes * layers), shares[i]});
            }
        };
        return batch;
    }

    Backend& m_backend;
    const DeviceInfo& m_device;
    const std::uint64_t m_budgetBytes;
    KernelRates& m_rates;
    const double m_cacheBytes;
};

} // namespace

std::vector<TimedBatch> launchBatches(Backend& backend, const DeviceInfo& device,
                                      std::uint64_t budgetBytes, KernelRates& rates) {
    const auto launches = std::make_shared<Launches>(backend, device, budgetBytes, rates);
    std::vector<TimedBatch> batches = launches->batches();
    for (TimedBatch& batch : batches) // which take by what `launches` knows
        batch.take = [launches, take = std::move(batch.take)](std::vector<TimedPoint>& points) {
            take(points);
        };
    return batches;
}

} // namespace decodescope
