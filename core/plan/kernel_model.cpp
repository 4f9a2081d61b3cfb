// SPDX-License-Identifier: Apache-2.0
#include "core/plan/kernel_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace decodescope {
namespace {

struct Point {
    double x = 0, y = 0;
};
using Curve = std::vector<Point>;

/// Linear between points; left of the first its value, right of the last on along the last two.
/// Precondition: there is a point.
double along(const Curve& curve, double x) {
    if (curve.size() == 1 || x <= curve.front().x)
        return curve.front().y;
    std::size_t right = 1;
    while (right + 1 < curve.size() && curve[right].x < x)
        ++right;
    const Point& a = curve[right - 1];
    const Point& b = curve[right];
    return a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x);
}

/// The same of values that are not below zero.
std::optional<double> onCurve(const Curve& curve, double x) {
    return curve.empty() ? std::nullopt : std::optional(std::max(0.0, along(curve, x)));
}

/// As onCurve(), but level beyond the last point.
std::optional<double> onLevelCurve(const Curve& curve, double x) {
    return curve.empty() ? std::nullopt : onCurve(curve, std::min(x, curve.back().x));
}

void sortByX(Curve& curve) {
    std::sort(curve.begin(), curve.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
}

/// Numbers of threads that were measured, ascending.
template <typename Rate>
std::vector<int> threadsOf(const std::vector<Rate>& rates) {
    std::vector<int> threads;
    threads.reserve(rates.size());
    for (const Rate& rate : rates)
        threads.push_back(rate.threads);
    std::sort(threads.begin(), threads.end());
    threads.erase(std::unique(threads.begin(), threads.end()), threads.end());
    return threads;
}

/// Seconds by threads: the work done in a second is linear between what was measured.
template <typename SecondsAt>
std::optional<double> atThreads(const std::vector<int>& measured, int threads,
                                const SecondsAt& secondsAt) {
    const int within = std::clamp(threads, measured.empty() ? 0 : measured.front(),
                                  measured.empty() ? 0 : measured.back());
    if (std::find(measured.begin(), measured.end(), within) != measured.end())
        return secondsAt(within);
    Curve pace;
    for (const int each : measured)
        if (const std::optional<double> seconds = secondsAt(each); seconds && *seconds > 0)
            pace.push_back({static_cast<double>(each), 1 / *seconds});
    const std::optional<double> found = onLevelCurve(pace, threads);
    return found && *found > 0 ? std::optional(1 / *found) : std::nullopt;
}

/// Elements of a row as it is stored and worked on: the last block is a whole one.
std::int64_t inWholeBlocks(DataType type, std::int64_t headDim) {
    const std::int64_t block = info(type).blockElements;
    return (headDim + block - 1) / block * block;
}

} // namespace

KernelModel::KernelModel(KernelRates rates) : m_rates(std::move(rates)) {
    for (const AttentionRate& rate : m_rates.attention)
        m_mostThreads = std::max(m_mostThreads, rate.threads);
    for (const LinearRate& rate : m_rates.linear)
        m_mostThreads = std::max(m_mostThreads, rate.threads);
}

double KernelModel::fromMemory(double stepBytes, int threads) const {
    Curve curve;
    for (const ResidencyRate& each : m_rates.residency)
        if (each.threads == 0 || each.threads == threads)
            curve.push_back({std::log2(static_cast<double>(each.bytes)), each.fromMemory});
    sortByX(curve);
    return onLevelCurve(curve, std::log2(std::max(1.0, stepBytes))).value_or(1);
}

/// What was measured of attention with one type and number of threads.
class KernelModel::RowCurves {
public:
    RowCurves(const std::vector<AttentionRate>& rates, DataType type, int threads) {
        for (const AttentionRate& rate : rates) {
            if (rate.type != type || rate.threads != threads)
                continue;
            Curve& curve = rate.cached ? cachedAt(static_cast<double>(rate.headDim)) : m_memory;
            curve.push_back({static_cast<double>(rate.group), rate.secondsPerRow});
            if (!rate.cached)
                m_memoryHeadDim = static_cast<double>(rate.headDim);
        }
        std::sort(m_cached.begin(), m_cached.end(),
                  [](const auto& a, const auto& b) { return a.headDim < b.headDim; });
        for (auto& [headDim, curve] : m_cached)
            sortByX(curve);
        sortByX(m_memory);
    }

    [[nodiscard]] bool empty() const { return m_cached.empty(); }

    /// Seconds of a row in the cache. Precondition: !empty(). The head_dim with most groups gives
    /// the shape, the others how it changes with head_dim.
    [[nodiscard]] double cached(double group, double headDim) const {
        const Curve& fullest =
            std::max_element(m_cached.begin(), m_cached.end(), [](const auto& a, const auto& b) {
                return a.curve.size() < b.curve.size();
            })->curve;
        Curve relative; // to the fullest, by head_dim
        for (const auto& [dim, curve] : m_cached) {
            Curve ratio; // by group
            for (const Point& point : curve)
                ratio.push_back({point.x, point.y / *onCurve(fullest, point.x)});
            relative.push_back({dim, *onLevelCurve(ratio, group)});
        }
        return *onCurve(fullest, group) * *onCurve(relative, headDim);
    }

    /// What a row waits for memory. Beyond the last point it falls with the square of the
    /// arithmetic that hides it.
    [[nodiscard]] double wait(double cachedSeconds, double headDim) const {
        const auto base = std::find_if(m_cached.begin(), m_cached.end(), [&](const auto& each) {
            return each.headDim == m_memoryHeadDim;
        });
        if (base == m_cached.end() || m_memory.empty())
            return 0;
        Curve curve; // seconds of an element of head_dim, by those of the cached row
        for (const Point& point : m_memory) {
            const double held = *onCurve(base->curve, point.x);
            curve.push_back(
                {held / m_memoryHeadDim, std::max(0.0, point.y - held) / m_memoryHeadDim});
        }
        sortByX(curve);
        const double at = cachedSeconds / headDim;
        const double beyond = std::min(1.0, curve.back().x / at);
        return headDim * *onLevelCurve(curve, at) * beyond * beyond;
    }

private:
    struct AtHeadDim {
        double headDim = 0;
        Curve curve; ///< seconds of a row, by group
    };
    Curve& cachedAt(double headDim) {
        for (AtHeadDim& each : m_cached)
            if (each.headDim == headDim)
                return each.curve;
        return m_cached.emplace_back(AtHeadDim{headDim, {}}).curve;
    }

    std::vector<AtHeadDim> m_cached;
    Curve m_memory; ///< the same from memory, at m_memoryHeadDim
    double m_memoryHeadDim = 0;
};

std::optional<double> KernelModel::rowSeconds(DataType type, double group, double headDim,
                                              int threads, double fromMemory) const {
    const RowCurves curves(m_rates.attention, type, threads);
    if (curves.empty())
        return std::nullopt;
    const double cached = curves.cached(group, headDim);
    return cached + fromMemory * curves.wait(cached, headDim);
}

/// What was measured of launches with one type.
class KernelModel::LaunchCurves {
public:
    LaunchCurves(const std::vector<LaunchRate>& rates, DataType type) {
        for (const LaunchRate& rate : rates)
            if (rate.type == type)
                at(static_cast<double>(rate.group), static_cast<double>(rate.headDim), rate.cached)
                    .push_back({static_cast<double>(rate.rows), rate.seconds});
        for (Launches& each : m_all)
            sortByX(each.curve);
    }

    /// Nothing where no launch of this kind was measured.
    [[nodiscard]] std::optional<double> seconds(double group, double headDim, double rows,
                                                bool cached) const {
        std::vector<double> dims;
        for (const Launches& each : m_all)
            if (each.cached == cached)
                dims.push_back(each.headDim);
        std::sort(dims.begin(), dims.end());
        dims.erase(std::unique(dims.begin(), dims.end()), dims.end());
        Curve byHeadDim;
        for (const double dim : dims) {
            Curve byGroup;
            for (const Launches& each : m_all)
                if (each.cached == cached && each.headDim == dim)
                    byGroup.push_back({each.group, atRows(each.curve, rows)});
            sortByX(byGroup);
            byHeadDim.push_back({dim, *onCurve(byGroup, group)});
        }
        return onCurve(byHeadDim, headDim);
    }

    /// Of launches in the cache or from memory; infinite where there are none.
    [[nodiscard]] double fewestRows(bool cached) const {
        double fewest = std::numeric_limits<double>::infinity();
        for (const Launches& each : m_all)
            if (each.cached == cached)
                fewest = std::min(fewest, each.curve.front().x);
        return fewest;
    }

private:
    struct Launches {
        double group = 1, headDim = 128;
        bool cached = false;
        Curve curve; ///< seconds, by rows
    };

    Curve& at(double group, double headDim, bool cached) {
        for (Launches& each : m_all)
            if (each.group == group && each.headDim == headDim && each.cached == cached)
                return each.curve;
        return m_all.emplace_back(Launches{group, headDim, cached, {}}).curve;
    }

    /// Between points times follow a power of the rows. Precondition: there is a point.
    static double atRows(const Curve& curve, double rows) {
        if (rows >= curve.back().x) {
            const double beyond = rows / curve.back().x;
            return curve.size() == 1 ? curve.back().y * beyond
                                     : std::max(*onCurve(curve, rows), curve.back().y);
        }
        Curve logs;
        for (const Point& point : curve)
            logs.push_back({std::log(point.x), std::log(point.y)});
        return std::exp(along(logs, std::log(rows)));
    }

    std::vector<Launches> m_all;
};

std::optional<double> KernelModel::launchSeconds(DataType type, double group, double headDim,
                                                 double rows, double fromMemory) const {
    const LaunchCurves curves(m_rates.launches, type);
    const std::optional<double> cached = curves.seconds(group, headDim, rows, true);
    // Few rows are always cached where they are measured: from memory they are slower by as much
    // as the fewest that outran the cache.
    const double outran = std::max(rows, curves.fewestRows(false));
    const std::optional<double> memory = curves.seconds(group, headDim, outran, false);
    const std::optional<double> beside = curves.seconds(group, headDim, outran, true);
    if (!cached || !memory)
        return memory ? memory : cached;
    const double slower = std::max(1.0, *memory / *beside);
    return *cached * (1 + fromMemory * (slower - 1));
}

double KernelModel::partSeconds(DataType type, double group, double headDim) const {
    constexpr double kMeasuredHeadDim = 128;
    const auto at = [&](DataType measured) {
        Curve curve;
        for (const AttentionPartRate& rate : m_rates.parts)
            if (rate.type == measured)
                curve.push_back({static_cast<double>(rate.group), rate.secondsPerPart});
        sortByX(curve);
        return onCurve(curve, group);
    };
    const std::optional<double> measured = at(type);
    return (measured ? *measured : at(DataType::F16).value_or(0)) * headDim / kMeasuredHeadDim;
}

std::optional<double> KernelModel::attentionSeconds(const AttentionShape& shape, int threads,
                                                    double stepBytes) const {
    const double group = static_cast<double>(shape.nHeads) / static_cast<double>(shape.nKvHeads);
    const double headDim = static_cast<double>(shape.headDimK + shape.headDimV) / 2;
    if (m_rates.units.launched) {
        const double share = fromMemory(stepBytes, threads);
        const auto rows = static_cast<double>(shape.sequences * shape.nKvHeads * shape.tokens);
        const auto keys = launchSeconds(shape.types.key, group, headDim, rows, share);
        const auto values = launchSeconds(shape.types.value, group, headDim, rows, share);
        return keys && values ? std::optional((*keys + *values) / 2) : std::nullopt;
    }
    const auto row = [&](DataType type) {
        const double stored = static_cast<double>(inWholeBlocks(type, shape.headDimK) +
                                                  inWholeBlocks(type, shape.headDimV)) /
                              2;
        return atThreads(threadsOf(m_rates.attention), threads, [&](int measured) {
            return rowSeconds(type, group, stored, measured, fromMemory(stepBytes, measured));
        });
    };
    const std::optional<double> keys = row(shape.types.key);
    const std::optional<double> values =
        shape.types.value == shape.types.key ? keys : row(shape.types.value);
    if (!keys || !values)
        return std::nullopt;
    const std::int64_t heads = shape.sequences * shape.nKvHeads;
    const AttentionUnits& units = m_rates.units;
    const std::int64_t tiles = (shape.tokens + units.tileTokens - 1) / units.tileTokens;
    const double rows = static_cast<double>(heads * tiles * units.tileTokens);
    // The last round of parts may leave threads without work.
    const std::int64_t all = heads * units.partsOfHead(heads, shape.tokens, threads);
    const std::int64_t rounds = (all + threads - 1) / threads;
    const double idle = static_cast<double>(rounds * threads) / static_cast<double>(all);
    const double ofPart = (partSeconds(shape.types.key, group, headDim) +
                           partSeconds(shape.types.value, group, headDim)) /
                          2;
    return idle * (rows * (*keys + *values) / 2 + static_cast<double>(all) * ofPart / threads);
}

double KernelModel::activationSeconds(DataType type, double values, std::int64_t batch,
                                      int threads) const {
    return values *
           atThreads(threadsOf(m_rates.activations), threads, [&](int measured) {
               Curve curve;
               for (const ActivationRate& rate : m_rates.activations)
                   if (rate.type == type && rate.threads == measured)
                       curve.push_back({static_cast<double>(rate.batch), rate.secondsPerValue});
               sortByX(curve);
               return onCurve(curve, static_cast<double>(batch));
           }).value_or(0);
}

std::optional<double> KernelModel::linearSeconds(DataType type, const LinearWork& work,
                                                 std::int64_t batch, int threads,
                                                 double stepBytes) const {
    const auto curveAt = [&](int measured, bool cached) {
        Curve curve;
        for (const LinearRate& rate : m_rates.linear)
            if (rate.type == type && rate.threads == measured && rate.cached == cached)
                curve.push_back({static_cast<double>(rate.batch), rate.secondsPerByte});
        sortByX(curve);
        return curve;
    };
    const std::optional<double> perByte =
        atThreads(threadsOf(m_rates.linear), threads, [&](int measured) -> std::optional<double> {
            const auto at = static_cast<double>(batch);
            const std::optional<double> cached = onCurve(curveAt(measured, true), at);
            const std::optional<double> memory = onCurve(curveAt(measured, false), at);
            if (!cached || !memory)
                return memory ? memory : cached;
            // What is small enough for a launched device's cache does not fill the device: it may
            // well be the slower.
            const double wait = *memory - *cached;
            return *cached + fromMemory(stepBytes, measured) *
                                 (m_rates.units.launched ? wait : std::max(0.0, wait));
        });
    if (!perByte)
        return std::nullopt;
    return *perByte * work.bytes + activationSeconds(type, work.values, batch, threads);
}

double KernelModel::startSeconds(int threads) const {
    const auto at = std::find_if(m_rates.layers.begin(), m_rates.layers.end(),
                                 [&](const LayerRate& rate) { return rate.threads == threads; });
    return at == m_rates.layers.end() ? 0 : at->startSeconds;
}

double KernelModel::layerSeconds(Scope scope, int threads) const {
    return atThreads(threadsOf(m_rates.layers), threads,
                     [&](int measured) -> std::optional<double> {
                         for (const LayerRate& rate : m_rates.layers)
                             if (rate.threads == measured)
                                 return scope == Scope::Step ? rate.stepSeconds
                                                             : rate.attentionSeconds;
                         return std::nullopt;
                     })
        .value_or(0);
}

} // namespace decodescope
