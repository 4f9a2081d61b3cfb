// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QString>
#include <QWidget>

#include "app/gui/models/session.h"

namespace decodescope {

class DataTable;
class PlotWidget;

/// One tab of the window. It shows what the Session says, which it takes when it is shown and,
/// while it is, on every change; what it draws can be exported and copied.
class TabPage : public QWidget {
    Q_OBJECT
public:
    /// `name` is the objectName's: "plan" makes "planPage".
    TabPage(const QString& name, const QString& title, Session& session, QWidget* parent = nullptr);

    [[nodiscard]] QString title() const { return m_title; }
    /// In reading order; none on a page of words.
    [[nodiscard]] virtual std::vector<PlotWidget*> charts() const { return {}; }
    /// The chart that has the keyboard's focus; null: none has.
    [[nodiscard]] PlotWidget* focusedChart() const;
    /// The same numbers as a table; null where the page has none.
    [[nodiscard]] virtual DataTable* table() const { return nullptr; }
    virtual void showTable(bool) {}
    /// False while the page says only what it will show; since the last refresh().
    [[nodiscard]] virtual bool hasData() const { return true; }
    /// Takes what the Session says now, also while the page is not seen, as an export needs it.
    virtual void refresh() = 0;

signals:
    void readout(const QString& text); ///< what stands under the cursor, in one line
    void exportRequested(PlotWidget* chart);
    void copyRequested(PlotWidget* chart);

protected:
    [[nodiscard]] Session& session() const { return m_session; }
    /// Refreshes now where the page is seen, otherwise when it will be.
    void refreshIfSeen();
    /// Makes the chart's signals the page's; its keys 1, 2, 3 show and hide variants everywhere.
    void watch(PlotWidget* chart);
    void showEvent(QShowEvent* event) override;

private:
    Session& m_session;
    QString m_title;
};

} // namespace decodescope
