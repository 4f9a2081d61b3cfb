// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QObject>

namespace decodescope {

class PlotWidget;

/// Charts whose x axes mean the same: a hand that moves or fits one moves or fits them all.
class AxisLink : public QObject {
    Q_OBJECT
public:
    /// The charts outlive the link, which goes with `parent`.
    AxisLink(std::vector<PlotWidget*> charts, QObject* parent);

private:
    void follow(PlotWidget& moved);

    std::vector<PlotWidget*> m_charts;
    bool m_following = false; ///< the others are being moved: they need not tell
};

} // namespace decodescope
