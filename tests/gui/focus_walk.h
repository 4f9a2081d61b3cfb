// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractSpinBox>
#include <QAccessible>
#include <QApplication>
#include <QButtonGroup>
#include <QComboBox>
#include <QDockWidget>
#include <QHeaderView>
#include <QLineEdit>
#include <QMenu>
#include <QPlainTextEdit>
#include <QSlider>
#include <QTabBar>
#include <QTest>
#include <QToolButton>

#include "app/gui/plots/plot_widget.h"

namespace decodescope {

/// Something that is worked with by hand, and no part of another such.
inline bool isWorkedWith(const QWidget& widget) {
    const bool kind =
        qobject_cast<const QAbstractButton*>(&widget) || qobject_cast<const QComboBox*>(&widget) ||
        qobject_cast<const QAbstractSpinBox*>(&widget) || qobject_cast<const QLineEdit*>(&widget) ||
        qobject_cast<const QAbstractItemView*>(&widget) ||
        qobject_cast<const QAbstractSlider*>(&widget) || qobject_cast<const QTabBar*>(&widget) ||
        qobject_cast<const QPlainTextEdit*>(&widget) || qobject_cast<const PlotWidget*>(&widget);
    const bool part = qobject_cast<const QHeaderView*>(&widget) || widget.inherits("QScrollBar") ||
                      widget.inherits("QTableCornerButton") ||
                      qobject_cast<const QComboBox*>(widget.parent()) ||
                      qobject_cast<const QAbstractSpinBox*>(widget.parent()) ||
                      qobject_cast<const QTabBar*>(widget.parent());
    return kind && !part && widget.isVisible() && widget.isEnabled();
}

/// In a panel that shares its place with another, which is in front.
inline bool isBehindATab(const QWidget& widget) {
    for (const QWidget* each = &widget; each; each = each->parentWidget())
        if (qobject_cast<const QDockWidget*>(each))
            return each->visibleRegion().isEmpty();
    return false;
}

inline std::vector<QWidget*> workedWith(const QWidget& window) {
    std::vector<QWidget*> found;
    for (QWidget* each : window.findChildren<QWidget*>())
        if (each->window() == &window && isWorkedWith(*each) && !isBehindATab(*each))
            found.push_back(each);
    return found;
}

inline QString accessible(QWidget* widget, QAccessible::Text what) {
    const QAccessibleInterface* face = QAccessible::queryAccessibleInterface(widget);
    return face ? face->text(what).trimmed() : QString();
}

/// For the message of a test: the class, the objectName, what it is called.
inline QString described(QWidget* widget) {
    if (!widget)
        return QStringLiteral("nothing");
    return QStringLiteral("%1 \"%2\" (%3)")
        .arg(QString::fromLatin1(widget->metaObject()->className()), widget->objectName(),
             accessible(widget, QAccessible::Name));
}

/// Where Tab leads from what has the focus, until it is there again. A key that leaves the focus
/// where it is ends the walk: `trap` says where.
inline std::vector<QWidget*> focusWalk(Qt::KeyboardModifiers modifiers, QWidget*& trap) {
    constexpr int kMostSteps = 500;
    std::vector<QWidget*> way;
    trap = nullptr;
    QWidget* const first = QApplication::focusWidget();
    QWidget* at = first;
    for (int i = 0; at && i < kMostSteps; ++i) {
        way.push_back(at);
        const bool back = modifiers.testFlag(Qt::ShiftModifier);
        QTest::keyClick(at, back ? Qt::Key_Backtab : Qt::Key_Tab, modifiers);
        QWidget* const next = QApplication::focusWidget();
        if (next == at || !next) {
            trap = at;
            return way;
        }
        if (next == first)
            return way;
        at = next;
    }
    trap = at;
    return way;
}

/// Has the focus of the keyboard itself, by its part, or by the arrows from another of its group.
inline bool isReached(const QWidget& widget, const std::vector<QWidget*>& way) {
    const auto at = [&way](const QWidget* each) {
        return std::any_of(way.begin(), way.end(), [each](const QWidget* stop) {
            return stop == each || each->isAncestorOf(stop);
        });
    };
    if (at(&widget))
        return true;
    const auto* button = qobject_cast<const QAbstractButton*>(&widget);
    if (!button || !button->group() || !button->group()->exclusive())
        return false;
    const QList<QAbstractButton*> group = button->group()->buttons();
    return std::any_of(group.begin(), group.end(), at);
}

/// A button of an action that stands in a menu of the bar, which Alt opens.
inline bool isInAMenu(const QWidget& widget) {
    const auto* button = qobject_cast<const QToolButton*>(&widget);
    const QAction* action = button ? button->defaultAction() : nullptr;
    if (!action)
        return false;
    const QList<QObject*> places = action->associatedObjects();
    return std::any_of(places.begin(), places.end(),
                       [](QObject* place) { return qobject_cast<QMenu*>(place) != nullptr; });
}

/// True where `to` comes after `from` as one reads: not higher in the same column, and not further
/// left in the same row.
inline bool readsOn(const QWidget& from, const QWidget& to) {
    const QRect a(from.mapToGlobal(QPoint()), from.size());
    const QRect b(to.mapToGlobal(QPoint()), to.size());
    const bool higher = b.bottom() <= a.top() && b.left() < a.right();
    const bool sameRow = a.top() < b.bottom() && b.top() < a.bottom();
    return !higher && !(sameRow && b.right() <= a.left());
}

} // namespace decodescope
