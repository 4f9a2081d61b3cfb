// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include <QMetaType>
#include <QString>

#include "app/gui/models/configuration.h"

namespace decodescope {

/// The typed fields of the Configuration panel, and what plans take for granted.
enum class Field {
    Layers,
    Heads,
    KvHeads,
    HeadDim,
    Window,
    Memory,
    Reserve,
    Efficiency,
    TensorParallel,
    PipelineParallel,
    Contexts,
    Batches,
    TimeBudget,
    ExtraKvHeads,
    PcieRate, ///< of the Plan tab
    LayersPerCache
};
/// A session is kept as the texts of these in this order: new ones go to the end.
inline constexpr Field kFields[] = {
    Field::Layers,           Field::Heads,        Field::KvHeads,
    Field::HeadDim,          Field::Window,       Field::Memory,
    Field::Reserve,          Field::Efficiency,   Field::TensorParallel,
    Field::PipelineParallel, Field::Contexts,     Field::Batches,
    Field::TimeBudget,       Field::ExtraKvHeads, Field::PcieRate,
    Field::LayersPerCache};

/// Writes `text` into the configuration. Returns what is wrong with it in words, and then leaves
/// the configuration as it was. An empty text takes a typed value back where the model or the
/// device has one of its own.
[[nodiscard]] QString applyField(Field field, const QString& text, Configuration& configuration);

/// What the field shows for this configuration.
[[nodiscard]] QString fieldText(Field field, const Configuration& configuration);

/// What is wrong between fields (KV heads that do not divide the query heads, more pipeline ranks
/// or layers to a cache than layers), if this field is the one to mend.
[[nodiscard]] QString crossFieldMessage(Field field, const Configuration& configuration);

} // namespace decodescope

Q_DECLARE_METATYPE(decodescope::Field)
