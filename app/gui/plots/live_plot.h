// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/plots/plot_widget.h"

namespace decodescope {

/// A chart over time that grows while one looks: it follows the newest data until a hand moves it,
/// or shows the whole run.
class LivePlot : public PlotWidget {
    Q_OBJECT
public:
    LivePlot(const QString& chartName, const QString& title, QWidget* parent = nullptr);

    [[nodiscard]] bool following() const { return m_following; }
    /// On: the last kWindowSeconds; off: the whole run.
    void setFollowing(bool on);

    static constexpr double kWindowSeconds = 60;

signals:
    void followingChanged(bool on);

protected:
    /// Seconds of the newest point; 0 without points.
    [[nodiscard]] virtual double lastSeconds() const = 0;
    void fitTime();

private:
    bool m_following = true;
};

} // namespace decodescope
