// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStackedWidget>

class QListView;
class QToolButton;

namespace decodescope {

class RunQueue;

/// The runs that wait for their turn, to be sorted and taken out, or one line on how to add some.
class QueuePanel : public QStackedWidget {
    Q_OBJECT
public:
    explicit QueuePanel(RunQueue& queue, QWidget* parent = nullptr);

private:
    QToolButton* button(const char* name, const QString& text, const QString& tip);
    void refresh();
    [[nodiscard]] int row() const;
    void select(int row);

    RunQueue& m_queue;
    QListView* m_list;
    QToolButton* m_up;
    QToolButton* m_down;
    QToolButton* m_remove;
    QToolButton* m_hold;
};

} // namespace decodescope
