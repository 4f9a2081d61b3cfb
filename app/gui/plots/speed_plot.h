// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QSharedPointer>

#include "app/gui/plots/live_plot.h"
#include "app/gui/plots/overview_data.h"

template <class T>
class QCPDataContainer;
class QCPGraphData;

namespace decodescope {

/// Tokens per second of every repetition as it comes. A line joins repetitions of one point only,
/// so that gaps stay gaps; warm-up is shaded; the forecast of each point is a thin dashed line.
class SpeedPlot : public LivePlot {
    Q_OBJECT
public:
    explicit SpeedPlot(QWidget* parent = nullptr);
    ~SpeedPlot() override;

    /// Names, styles and forecasts of the variants that the points' indices mean.
    void setOverview(const OverviewData& overview);
    /// Forgets all points. The variants stay those of the last setOverview() until the next.
    void clear();
    void add(const std::vector<SpeedPoint>& points);
    [[nodiscard]] bool empty() const { return m_series.empty(); }
    void setLogarithmic(bool on);
    [[nodiscard]] QString description() const override;
    [[nodiscard]] std::size_t pointCount() const { return m_points; }

protected:
    void draw() override;
    void fitAxes() override;
    [[nodiscard]] QString readAt(double x, double y) const override;
    [[nodiscard]] PlotReadings readingsAt(double x, double y) const override;
    [[nodiscard]] ValueText valueText() const override;
    void addMenuActions(QMenu& menu) override;
    [[nodiscard]] double lastSeconds() const override { return m_last; }

private:
    using Container = QCPDataContainer<QCPGraphData>;
    /// Repetitions without a break: of one point, in one phase.
    struct Segment {
        double from = 0, to = 0;
        std::int64_t context = 0;
        bool warmup = false;
    };
    struct Series {
        Series();
        QSharedPointer<Container> measured, predicted;
        std::vector<Segment> segments; ///< in order of time
    };
    Series& seriesOf(int variant);
    void fillPredicted();
    void fillWarmup();
    struct Place {
        std::size_t variant = 0;
        const Segment* segment = nullptr; ///< null: none is near
    };
    [[nodiscard]] Place segmentAt(double seconds) const;
    /// The repetition at this time or the next after it; null: none.
    [[nodiscard]] const QCPGraphData* repetitionAt(const Place& place, double seconds) const;
    [[nodiscard]] bool shown(std::size_t variant) const;

    OverviewData m_overview;
    std::vector<Series> m_series;
    QSharedPointer<Container> m_warmup;
    std::size_t m_points = 0;
    double m_last = 0;
    bool m_logarithmic = true;
};

} // namespace decodescope
