// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <QPointF>
#include <QString>

#include "app/gui/theme/theme.h"

namespace decodescope {

/// One variant as the Overview and the answer strip show it.
struct VariantSeries {
    QString label;       ///< "GQA-8"
    bool whatIf = false; ///< not what the model is, but what it would be
    SeriesSlot slot = SeriesSlot::Extra;
    bool visible = true;

    std::vector<QPointF> kvCurve;    ///< x: context tokens, y: KV bytes on one device, ascending
    std::vector<QPointF> kvMeasured; ///< the same, really allocated
    std::uint64_t kvBytesPerToken = 0;

    std::int64_t maxContext = 0;   ///< predicted; 0: does not fit at all
    bool maxContextBounded = true; ///< false: memory sets no limit
    std::optional<std::int64_t> maxContextMeasured;

    std::vector<QPointF> predictedCurve; ///< x: context tokens, y: tokens/s; empty: unknown
    double predictedTokensPerSecond = 0; ///< at OverviewData::chosenContext; 0: unknown
    double predictedLow = 0;             ///< the range of what is reached of it; both 0: not known
    double predictedHigh = 0;
    std::optional<double> measuredTokensPerSecond;
    std::optional<double> measuredCi; ///< half-width, tokens/s
    QString bound;                    ///< as Sample::bound; empty: unknown
};

/// What the Overview shows of a configuration, apart from the live feeds.
struct OverviewData {
    std::vector<VariantSeries> variants; ///< most KV heads first
    /// Of one device: capacity − reserve − weights − workspace − overhead.
    std::optional<std::uint64_t> freeForKvBytes;
    std::uint64_t weightsBytes = 0;           ///< beside the cache, on one device
    std::optional<std::int64_t> trainedLimit; ///< the model's own limit, tokens
    std::int64_t chosenContext = 8192;
    std::int64_t batch = 1;
    QString modelName;
    QString shape; ///< "32 layers · 32 heads · d 128 · f16 · batch 1"
    QString scope; ///< what one step contains, in words: never left out beside a speed
    bool attentionOnly = true;
    QString measuredOf; ///< whose points the speed chart shows where they are of another shape
    QString deviceName;
    QString deployment; ///< " · vLLM · TP 4, a device": behind what is of one device; may be empty
    bool planOnly = false;         ///< nothing measured here is of this device and these ranks
    bool roofsMeasured = false;    ///< the predictions rest on a calibration, not on a datasheet
    bool memoryUnverified = false; ///< nobody has checked the capacity that is planned with
    bool speedUnverified = false;  ///< nor the rates
};

/// One repetition of the tokens/s feed.
struct SpeedPoint {
    double seconds = 0; ///< since the run started
    double tokensPerSecond = 0;
    int variant = 0; ///< index into OverviewData::variants
    std::int64_t context = 0;
    bool warmup = false;
    bool startsSegment = false; ///< a new point began: no line from the one before
};

/// One reading of the memory feed. Absent: there is no probe.
struct MemoryPoint {
    double seconds = 0;
    std::uint64_t weightsBytes = 0, kvBytes = 0, workspaceBytes = 0;
    std::optional<std::uint64_t> processBytes, availableBytes, totalBytes;
};

/// In their order.
[[nodiscard]] std::vector<std::string> variantLabels(const OverviewData& overview);

/// Sample::bound for people: "memory-bound", "instruction-limited"; empty for an unknown one.
[[nodiscard]] QString boundWords(const QString& bound);

/// The text with "(unverified)" behind it where that holds.
[[nodiscard]] QString markedText(const QString& text, bool unverified);

/// The value of an ascending curve at x: straight between its points, the end's beyond them; 0 for
/// an empty one.
[[nodiscard]] double curveAt(const std::vector<QPointF>& curve, double x);

} // namespace decodescope
