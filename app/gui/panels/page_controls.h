// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include <QString>
#include <QStringList>
#include <QVariant>

#include "app/gui/plots/overview_data.h"

class QButtonGroup;
class QComboBox;
class QLabel;
class QToolButton;
class QWidget;

namespace decodescope {

/// The pieces of the row over a page's charts.

/// A button that stays down.
[[nodiscard]] QToolButton* toggle(QWidget* parent, const char* name, const QString& text);
/// Buttons of which one is down, named `name`-0, `name`-1, …; the first is. `chosen` is told the
/// index of another.
[[nodiscard]] QButtonGroup* choice(QWidget* parent, const char* name, const QStringList& texts,
                                   const std::function<void(int)>& chosen);
struct ComboItem {
    QString text;
    QVariant data;
};
/// Lists these and makes one of them current, and tells nobody. An open list stays open where it
/// is the same.
void setItems(QComboBox& box, const std::vector<ComboItem>& items, int current);
/// Lists the variants by their labels; the one of label `chosen`, or the model itself, is current.
/// Its index.
std::size_t fillVariants(QComboBox& box, const OverviewData& overview, const QString& chosen);
/// A remark in one line, in small muted type.
[[nodiscard]] QLabel* controlNote(QWidget* parent, const char* name, const QString& text);

} // namespace decodescope
