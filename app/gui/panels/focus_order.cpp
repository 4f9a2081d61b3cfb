// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/focus_order.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <QAbstractButton>
#include <QDockWidget>
#include <QFormLayout>
#include <QGridLayout>
#include <QScrollArea>
#include <QTabBar>
#include <QTabWidget>

namespace decodescope {
namespace {

using Stops = std::vector<QWidget*>;

void addWidget(QWidget* widget, Stops& stops);

/// Row and column; those of one place stay as they were added.
std::pair<int, int> placeOf(const QLayout& layout, int index) {
    int row = index;
    int column = 0;
    if (const auto* grid = qobject_cast<const QGridLayout*>(&layout)) {
        int rows = 0;
        int columns = 0;
        grid->getItemPosition(index, &row, &column, &rows, &columns);
    } else if (const auto* form = qobject_cast<const QFormLayout*>(&layout)) {
        QFormLayout::ItemRole role = QFormLayout::LabelRole;
        form->getItemPosition(index, &row, &role);
        column = static_cast<int>(role);
    }
    return {row, column};
}

void addLayout(const QLayout& layout, Stops& stops) {
    std::vector<int> order(static_cast<std::size_t>(layout.count()));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&layout](int a, int b) { return placeOf(layout, a) < placeOf(layout, b); });
    for (const int index : order) {
        QLayoutItem* item = layout.itemAt(index);
        if (QWidget* widget = item->widget())
            addWidget(widget, stops);
        else if (const QLayout* inner = item->layout())
            addLayout(*inner, stops);
    }
}

void addWidget(QWidget* widget, Stops& stops) {
    if (!widget || !widget->isVisible())
        return;
    const auto* dock = qobject_cast<const QDockWidget*>(widget);
    if (dock && dock->visibleRegion().isEmpty()) // Qt puts it out of view behind another's tab
        return;
    if (!widget->focusProxy() && widget->focusPolicy() & Qt::TabFocus && widget->isEnabled())
        stops.push_back(widget);
    if (const auto* tabs = qobject_cast<const QTabWidget*>(widget)) {
        addWidget(tabs->tabBar(), stops);
        addWidget(tabs->cornerWidget(), stops);
        for (int i = 0; i < tabs->count(); ++i)
            addWidget(tabs->widget(i), stops);
    } else if (dock) {
        for (QWidget* button :
             dock->findChildren<QAbstractButton*>(QString(), Qt::FindDirectChildrenOnly))
            addWidget(button, stops);
        addWidget(dock->widget(), stops);
    } else if (const auto* scroll = qobject_cast<const QScrollArea*>(widget)) {
        addWidget(scroll->widget(), stops);
    } else if (const QLayout* layout = widget->layout()) {
        addLayout(*layout, stops);
    }
}

} // namespace

std::vector<QWidget*> focusStops(const std::vector<QWidget*>& parts) {
    Stops stops;
    for (QWidget* part : parts)
        addWidget(part, stops);
    return stops;
}

} // namespace decodescope
