// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <optional>
#include <vector>

#include <QString>

#include "app/gui/theme/theme.h"

namespace decodescope {

/// Weights, KV cache, workspace and overhead: the MemoryParts of one plan, bottom to top.
inline constexpr int kStackParts = 4;

/// What one device must hold at one context, on paper. Bytes.
struct ComputedStack {
    std::int64_t context = 0;
    std::array<double, kStackParts> bytes{};

    [[nodiscard]] double bytesOf(MemoryPart part) const {
        return bytes[static_cast<std::size_t>(part)];
    }
    /// Of this part and those below it.
    [[nodiscard]] double upTo(MemoryPart part) const {
        return std::accumulate(bytes.begin(), bytes.begin() + static_cast<int>(part) + 1, 0.0);
    }
    [[nodiscard]] double total() const { return upTo(MemoryPart::Overhead); }
};

/// What a run really allocated at one context. Bytes; absent: this run had no such part, or nobody
/// recorded it.
struct MeasuredStack {
    std::int64_t context = 0;
    std::optional<double> weights, kv, workspace;
    /// The worker's process beyond everything in its ledger, of all variants that were alive at
    /// that moment. Below zero where pages of the ledger were not resident.
    std::optional<double> beyondLedger;
    std::int64_t layers = 0, layersMeasured = 0; ///< fewer measured: `kv` is scaled
    bool quickLook = false;

    [[nodiscard]] bool scaled() const { return layersMeasured > 0 && layersMeasured < layers; }
};

/// The memory of one variant against context.
struct MemoryStackData {
    QString variant; ///< label; empty: there is none
    bool whatIf = false;
    SeriesSlot slot = SeriesSlot::Extra;
    QString basis;         ///< "whole decode step, f16 weights · batch 1 · this machine"
    bool planOnly = false; ///< nothing measured here is of this device and these ranks
    std::vector<ComputedStack> computed; ///< ascending contexts
    std::vector<MeasuredStack> measured; ///< ascending contexts, one each
    std::optional<double> memoryBytes;   ///< of the device; absent: not known
    double capacityBytes = 0;            ///< what may be filled of it
    bool memoryUnverified = false;
    std::int64_t longest = 0;   ///< that fits; 0: not even one token
    bool longestBounded = true; ///< false: memory sets no limit
    std::optional<std::int64_t> trainedLimit;
    std::int64_t chosenContext = 0;

    [[nodiscard]] bool empty() const { return computed.empty(); }
};

/// The computed parts at a context, straight between the contexts at hand. Precondition: not empty.
[[nodiscard]] ComputedStack stackAt(const MemoryStackData& data, double context);

} // namespace decodescope
