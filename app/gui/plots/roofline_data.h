// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <QString>

#include "app/gui/theme/theme.h"
#include "core/plan/roofline.h"
#include "core/plan/step_parts.h"

namespace decodescope {

/// What nothing exceeds: bytes or operations a second.
struct Roof {
    QString label; ///< "memory", "f32 multiply-add"; with its rate: roofText()
    bool bandwidth = true;
    bool measured = true; ///< false: of a datasheet
    bool main = false;    ///< one of the two that bound the points
    bool integer = false; ///< arithmetic that is not in floating point
    bool unverified = false;
    double perSecond = 0;
};

struct RooflineVariant {
    QString label;
    SeriesSlot slot = SeriesSlot::Extra;
    bool visible = true;
};

/// One part of a decode step of one variant.
struct RooflinePoint {
    int variant = 0; ///< index into RooflineData::variants
    StepPart part = StepPart::Whole;
    bool measured = false;
    std::int64_t context = 0, batch = 1, newTokens = 1;
    double intensity = 0; ///< FLOP per byte
    double flopPerSecond = 0;
    double ofRoof = 0;          ///< share of what the roofs allow at this intensity; 0: unknown
    bool cacheResident = false; ///< faster than memory delivers: a cache answered
    QString bound;              ///< "memory-bound"; empty: unknown
    QString evidence;           ///< the numbers that say so, in words
};

/// The roofline of a device, and where the variants of a model lie under it.
struct RooflineData {
    QString deviceName;
    QString subtitle; ///< what was asked: context, batch, types
    std::vector<RooflineVariant> variants;
    std::vector<Roof> roofs;
    Roofs main; ///< those that bound the points; not known(): no ridge
    std::vector<RooflinePoint> measured;
    /// One path a variant and part: at 1, 2, … new tokens a step and sequence.
    std::vector<std::vector<RooflinePoint>> predicted;
    std::vector<RooflinePoint> baseline; ///< measured before, of the same variants and parts
};

/// The most new tokens a step that are looked at: what speculative decoding drafts.
inline constexpr int kMostNewTokens = 16;

/// "34.1 GB/s", "267 GFLOP/s".
[[nodiscard]] QString roofRate(const Roof& roof);
/// "memory 34.1 GB/s", "datasheet f32 82.6 TFLOP/s (unverified)".
[[nodiscard]] QString roofText(const Roof& roof);
/// "GQA-8 · attention".
[[nodiscard]] QString pointTitle(const RooflineData& data, const RooflinePoint& point);
/// "4 FLOP/B · 28.1 GFLOP/s · 62 % of its roof".
[[nodiscard]] QString pointNumbers(const RooflinePoint& point);
/// "measured at 8,192 tokens", "predicted at 8,192 tokens, 4 new tokens a step".
[[nodiscard]] QString pointOrigin(const RooflinePoint& point);
/// What is known of a variant's part now: the measured point or, without one, the predicted one.
/// Visible variants only, in their order, and parts in theirs.
[[nodiscard]] std::vector<RooflinePoint> bestKnown(const RooflineData& data, int newTokens);

} // namespace decodescope
