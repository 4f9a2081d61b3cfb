// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/page_controls.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QCoreApplication>
#include <QSignalBlocker>
#include <QToolButton>

#include "app/gui/panels/elided_label.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {

QToolButton* toggle(QWidget* parent, const char* name, const QString& text) {
    auto* button = new QToolButton(parent);
    button->setObjectName(QString::fromLatin1(name));
    button->setText(text);
    button->setCheckable(true);
    button->setFocusPolicy(Qt::StrongFocus);
    return button;
}

QButtonGroup* choice(QWidget* parent, const char* name, const QStringList& texts,
                     const std::function<void(int)>& chosen) {
    auto* group = new QButtonGroup(parent);
    for (int i = 0; i < texts.size(); ++i) {
        const QByteArray each = QByteArray(name) + '-' + QByteArray::number(i);
        QToolButton* button = toggle(parent, each.constData(), texts[i]);
        button->setAutoRaise(true); // the one that is down shows that the others are buttons
        group->addButton(button, i);
    }
    group->setExclusive(true);
    group->button(0)->setChecked(true);
    QObject::connect(group, &QButtonGroup::idToggled, parent, [chosen](int index, bool down) {
        if (down)
            chosen(index);
    });
    return group;
}

void setItems(QComboBox& box, const std::vector<ComboItem>& items, int current) {
    const QSignalBlocker quiet(box);
    const auto count = static_cast<int>(items.size());
    while (box.count() > count)
        box.removeItem(box.count() - 1);
    for (int i = 0; i < count; ++i) {
        const ComboItem& item = items[static_cast<std::size_t>(i)];
        if (i == box.count())
            box.addItem(item.text, item.data);
        else if (box.itemText(i) != item.text || box.itemData(i) != item.data) {
            box.setItemText(i, item.text);
            box.setItemData(i, item.data);
        }
    }
    box.setCurrentIndex(current);
}

std::size_t fillVariants(QComboBox& box, const OverviewData& overview, const QString& chosen) {
    std::vector<ComboItem> items;
    std::size_t own = 0;
    std::optional<std::size_t> current;
    for (const VariantSeries& each : overview.variants) {
        if (each.label == chosen)
            current = items.size();
        if (!each.whatIf)
            own = items.size();
        items.push_back(
            {each.whatIf
                 ? QCoreApplication::translate("PageControls", "%1 (what-if)").arg(each.label)
                 : each.label,
             each.label});
    }
    setItems(box, items, static_cast<int>(current.value_or(own)));
    return current.value_or(own);
}

QLabel* controlNote(QWidget* parent, const char* name, const QString& text) {
    auto* note = new ElidedLabel(parent);
    note->setObjectName(QString::fromLatin1(name));
    note->setText(text);
    note->setForegroundRole(QPalette::PlaceholderText);
    note->setFont(textFont(TextSize::Note));
    return note;
}

} // namespace decodescope
