// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QApplication>
#include <QWidget>

#include <qcustomplot.h>

#include "app/gui/models/session.h"
#include "app/gui/panels/overview_plots.h"
#include "app/gui/theme/application_palette.h"

namespace decodescope {

/// The Overview's charts of the default model on a device of 24 GiB, shown.
struct ExamplePlots {
    Session session;
    QWidget window;
    OverviewPlots* plots = new OverviewPlots(&window);

    ExamplePlots() {
        applyTheme(ThemeChoice::Light);
        session.setText(Field::Memory, QStringLiteral("24 GiB"));
        plots->setOverview(session.overview());
        window.resize(800, 600);
        window.show();
        for (PlotWidget* chart : plots->all())
            chart->resize(600, 400);
        QApplication::processEvents();
    }
};

inline QStringList texts(const QCustomPlot& plot) {
    QStringList all;
    for (int i = 0; i < plot.itemCount(); ++i)
        if (const auto* text = qobject_cast<QCPItemText*>(plot.item(i)); text && text->visible())
            all << text->text();
    return all;
}

inline SpeedPoint speedPoint(double seconds, int variant, std::int64_t context, bool starts,
                             bool warmup = false) {
    SpeedPoint point;
    point.seconds = seconds;
    point.tokensPerSecond = 10.0 * (variant + 1);
    point.variant = variant;
    point.context = context;
    point.startsSegment = starts;
    point.warmup = warmup;
    return point;
}

} // namespace decodescope
