// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QString>

#include "app/gui/theme/theme.h"

namespace decodescope {

/// One model of a study.
struct TradeOffPoint {
    QString model;
    SeriesSlot slot = SeriesSlot::Extra; ///< MLA and sharing across layers too wear the last one
    double kvBytes = 0;                  ///< a token
    double value = 0;
    bool frontier = false; ///< no other of the study is as small and as good
};

/// Memory against quality, as one study has it: numbers of two studies never share a chart.
struct TradeOffData {
    QString study;
    QString metric;
    bool higherIsBetter = true;
    QString citation;
    QString note;
    bool own = false; ///< imported by the user
    std::vector<TradeOffPoint> points;
    QString modelName;       ///< the model at hand, of which no quality is claimed
    double modelKvBytes = 0; ///< a token; 0: none is marked
};

} // namespace decodescope
