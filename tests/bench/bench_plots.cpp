// SPDX-License-Identifier: GPL-3.0-or-later
// Prints "NAME MILLISECONDS": the median repaint of each chart of the Overview while 100,000
// samples are in it.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include <QApplication>

#include <qcustomplot.h>

#include "app/gui/models/session.h"
#include "app/gui/panels/overview_plots.h"
#include "app/gui/plots/kv_memory_plot.h"
#include "app/gui/plots/max_context_plot.h"
#include "app/gui/plots/memory_plot.h"
#include "app/gui/plots/speed_plot.h"

using namespace decodescope;

namespace {

constexpr int kSamples = 100000;
constexpr int kRepaints = 31;
constexpr QSize kSize(760, 340); // as in a window of 1440 × 900

LivePoints manyPoints(int variants) {
    LivePoints points;
    for (int i = 0; i < kSamples; ++i) {
        const double seconds = i * 0.001;
        SpeedPoint speed;
        speed.seconds = seconds;
        speed.variant = i % variants;
        speed.context = 1024LL << (i * 6LL / kSamples);
        speed.tokensPerSecond = (20.0 + 15 * speed.variant) * (1 + 0.2 * std::sin(i * 12.9898));
        speed.startsSegment = i % 5000 < variants;
        points.speed.push_back(speed);
        MemoryPoint memory;
        memory.seconds = seconds;
        memory.kvBytes = std::uint64_t{1} << 30;
        memory.processBytes = (std::uint64_t{1} << 30) + static_cast<std::uint64_t>(i) * 1000;
        memory.totalBytes = std::uint64_t{24} << 30;
        memory.availableBytes = (std::uint64_t{16} << 30) - static_cast<std::uint64_t>(i) * 5000;
        points.memory.push_back(memory);
    }
    return points;
}

double medianRepaintMs(PlotWidget& chart) {
    std::vector<double> times;
    for (int i = 0; i < kRepaints; ++i) {
        const auto start = std::chrono::steady_clock::now();
        chart.plot().replot(QCustomPlot::rpImmediateRefresh);
        times.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                .count());
    }
    std::nth_element(times.begin(), times.begin() + kRepaints / 2, times.end());
    return times[kRepaints / 2];
}

} // namespace

int main(int argc, char** argv) {
    const QApplication application(argc, argv);
    Session session;
    QWidget window;
    OverviewPlots plots(&window);
    plots.setOverview(session.overview());
    plots.showRecording(manyPoints(static_cast<int>(session.overview().variants.size())));
    window.show();
    for (PlotWidget* chart : plots.all()) {
        chart->resize(kSize);
        chart->show();
    }
    QApplication::processEvents();
    for (PlotWidget* chart : plots.all())
        std::printf("%s %.2f\n", qPrintable(chart->chartName()), medianRepaintMs(*chart));
    return 0;
}
