// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/spec/cache_law.h"
#include "core/spec/kernel_rates.h"
#include "core/spec/layer_spec.h"
#include "core/spec/workload.h"

namespace decodescope {

/// Predicts the time of a decode step from what the device's kernels were measured to reach.
///
/// A kernel that streams rows takes c + σ·(m − c): c is its time a row where the cache holds what
/// it reads, m the time where memory does, and σ the share that comes from memory, which follows
/// from how much the whole step reads (KernelRates::residency). c is measured by type, group,
/// head_dim and threads. m − c, what the kernel waits for memory, falls as there is more arithmetic
/// to hide it behind: it is measured by type and group at one head_dim, and read at others at the
/// same c for each byte. Beside its rows each part of a head costs a time of its own, and beside
/// its weights each input and output of a matrix. Between points times are interpolated linearly;
/// beyond the last group or batch each more costs what the last ones did.
///
/// On a device that takes a layer as one launch (AttentionUnits::launched) the time of a layer's
/// attention is a curve over its rows, measured by type, group and head_dim in the cache and out of
/// memory; between rows it is interpolated by their logarithms, beyond the last each row costs what
/// the last ones did.
class KernelModel {
public:
    explicit KernelModel(KernelRates rates);

    /// Attention of one layer for `sequences` sequences that read `tokens` tokens each.
    struct AttentionShape {
        KvTypes types;
        std::int64_t nHeads = 1, nKvHeads = 1;
        std::int64_t headDimK = 128, headDimV = 128;
        std::int64_t tokens = 1, sequences = 1;
    };
    /// Seconds; `stepBytes` is all that a step reads. Nothing for a type that was not measured.
    [[nodiscard]] std::optional<double> attentionSeconds(const AttentionShape& shape, int threads,
                                                         double stepBytes) const;
    /// Linear layers as one token finds them.
    struct LinearWork {
        double bytes = 0;  ///< stored, of their matrices
        double values = 0; ///< inputs and outputs of their matrices
    };
    /// Seconds in which linear layers are multiplied with `batch` vectors.
    [[nodiscard]] std::optional<double> linearSeconds(DataType type, const LinearWork& work,
                                                      std::int64_t batch, int threads,
                                                      double stepBytes) const;
    /// Of that, the seconds that do not follow from the bytes.
    [[nodiscard]] double activationSeconds(DataType type, double values, std::int64_t batch,
                                           int threads) const;
    /// Seconds of a step beside its layers.
    [[nodiscard]] double startSeconds(int threads) const;
    /// Seconds of one layer beside the two above.
    [[nodiscard]] double layerSeconds(Scope scope, int threads) const;
    /// Seconds of one part of a KV head beside its rows, on one thread; of a type that was not
    /// measured those of f16.
    [[nodiscard]] double partSeconds(DataType type, double group, double headDim) const;

    [[nodiscard]] const KernelRates& rates() const { return m_rates; }
    /// The most threads that were measured.
    [[nodiscard]] int threads() const { return m_mostThreads; }

private:
    class RowCurves;
    class LaunchCurves;
    [[nodiscard]] std::optional<double> rowSeconds(DataType type, double group, double headDim,
                                                   int threads, double fromMemory) const;
    [[nodiscard]] double fromMemory(double stepBytes, int threads) const;
    /// As attentionSeconds(), on a launched device, with keys and values of one type.
    [[nodiscard]] std::optional<double> launchSeconds(DataType type, double group, double headDim,
                                                      double rows, double fromMemory) const;

    KernelRates m_rates;
    int m_mostThreads = 1;
};

} // namespace decodescope
