// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStackedWidget>

class QLabel;
class QSortFilterProxyModel;
class QTableView;

namespace decodescope {

class RunsModel;

/// The table of everything measured, or one line on how to fill it.
class RunsPanel : public QStackedWidget {
    Q_OBJECT
public:
    explicit RunsPanel(RunsModel& model, QWidget* parent = nullptr);
    /// The table as it is shown, tab-separated, to the clipboard.
    void copyTable() const;

signals:
    void pinRequested(int run); ///< this run, from 1, as the baseline

private:
    void pinCurrent();

    QLabel* m_empty;
    QTableView* m_table;
    QSortFilterProxyModel* m_sorted;
};

} // namespace decodescope
