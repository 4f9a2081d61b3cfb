// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>

#include <QSharedPointer>

#include "app/gui/plots/live_plot.h"
#include "app/gui/plots/overview_data.h"

template <class T>
class QCPDataContainer;
class QCPGraphData;

namespace decodescope {

/// Who holds the device's memory, stacked, from nothing to all there is: weights, KV cache and
/// workspace from our ledger, the rest of the worker, and everybody else.
class MemoryPlot : public LivePlot {
    Q_OBJECT
public:
    explicit MemoryPlot(QWidget* parent = nullptr);
    ~MemoryPlot() override;

    void clear();
    void add(const std::vector<MemoryPoint>& points);
    [[nodiscard]] QString description() const override;
    [[nodiscard]] std::size_t pointCount() const { return m_points.size(); }

protected:
    void draw() override;
    void fitAxes() override;
    [[nodiscard]] QString readAt(double x, double y) const override;
    [[nodiscard]] PlotReadings readingsAt(double x, double y) const override;
    [[nodiscard]] ValueText valueText() const override;
    [[nodiscard]] bool keepsLegend() const override { return true; }
    [[nodiscard]] double lastSeconds() const override;

private:
    using Container = QCPDataContainer<QCPGraphData>;
    void append(const MemoryPoint& point);
    [[nodiscard]] const MemoryPoint& pointAt(double seconds) const; ///< there is at least one

    std::vector<MemoryPoint> m_points;
    /// Upper edges of the parts, bottom to top.
    std::array<QSharedPointer<Container>, kMemoryParts> m_edges;
};

/// Bytes of each part. Overhead is what the worker holds beyond the ledger; others, what is in use
/// beyond the worker. Both are 0 where the system does not tell.
[[nodiscard]] std::array<double, kMemoryParts> memoryParts(const MemoryPoint& point);

} // namespace decodescope
