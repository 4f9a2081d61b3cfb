// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/form_section.h"

#include <algorithm>
#include <vector>

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSignalBlocker>

#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kMargin = 2 * kStep;
constexpr int kLeastLetters = 8;

} // namespace

QFormLayout* formSection(QWidget* parent, const QString& title) {
    auto* form = new QFormLayout(parent);
    form->setContentsMargins(kMargin, kStep, kMargin, kStep);
    form->setHorizontalSpacing(kStep);
    form->setVerticalSpacing(kHalfStep);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form->setLabelAlignment(Qt::AlignLeft | Qt::AlignTop);
    auto* heading = new QLabel(title, parent);
    heading->setFont(textFont(TextSize::Heading));
    form->addRow(heading);
    return form;
}

QLabel* formNote(QWidget* parent, const char* name) {
    auto* label = new QLabel(parent);
    label->setObjectName(QString::fromLatin1(name));
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setForegroundRole(QPalette::PlaceholderText);
    label->setFont(textFont(TextSize::Note));
    return label;
}

QComboBox* formCombo(QWidget* parent, const char* name, const QString& label) {
    auto* box = new QComboBox(parent);
    box->setObjectName(QString::fromLatin1(name));
    box->setAccessibleName(label);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(kLeastLetters);
    return box;
}

void choose(QComboBox* box, const QVariant& data) {
    const QSignalBlocker blocker(box);
    box->setCurrentIndex(box->findData(data));
}

void alignLabels(QWidget* content) {
    std::vector<QWidget*> labels;
    int widest = 0;
    const int height = QLineEdit().sizeHint().height();
    for (const QFormLayout* form : content->findChildren<QFormLayout*>())
        for (int row = 0; row < form->rowCount(); ++row)
            if (const QLayoutItem* item = form->itemAt(row, QFormLayout::LabelRole)) {
                labels.push_back(item->widget());
                widest = std::max(widest, item->sizeHint().width());
            }
    for (QWidget* label : labels)
        label->setFixedSize(widest, height);
}

} // namespace decodescope
