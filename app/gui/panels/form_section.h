// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QVariant>

class QComboBox;
class QFormLayout;
class QLabel;
class QWidget;

namespace decodescope {

/// The pieces that the Configuration's parts are made of.

/// A heading and a form under it, laid out on `parent`: no box.
[[nodiscard]] QFormLayout* formSection(QWidget* parent, const QString& title);
/// A remark between the fields, in small muted type, that wraps.
[[nodiscard]] QLabel* formNote(QWidget* parent, const char* name);
/// A list to choose from that does not ask for the width of its longest entry.
[[nodiscard]] QComboBox* formCombo(QWidget* parent, const char* name, const QString& label);
/// Shows the entry with these data, and tells nobody.
void choose(QComboBox* box, const QVariant& data);
/// Gives the labels of all forms below `content` the width of the widest, so that the fields stand
/// in one column, and the height of a field, so that a message under the field does not move them.
void alignLabels(QWidget* content);

} // namespace decodescope
