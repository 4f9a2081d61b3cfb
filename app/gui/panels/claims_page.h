// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <vector>

#include "app/gui/panels/tab_page.h"
#include "core/profile/claims.h"

class QAction;
class QBoxLayout;
class QScrollArea;
class QStackedWidget;
class QToolButton;

namespace decodescope {

class ClaimCard;
class ElidedLabel;
class Surface;

/// What is said of multi-query attention, held against this model and this machine: the claims by
/// topic, memory on the left, speed and quality on the right (one below the other where it is
/// narrow), or all of them as a table.
class ClaimsPage : public TabPage {
    Q_OBJECT
public:
    /// `run` starts what the Session was prepared for; null: nothing can be run.
    ClaimsPage(Session& session, QAction* run, QWidget* parent = nullptr);

    [[nodiscard]] DataTable* table() const override { return m_table; }
    void showTable(bool shown) override;
    void refresh() override;

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* header();
    QWidget* body();
    Surface* group(ClaimTopic topic);
    void showClaims(const std::vector<Claim>& claims);
    void test(const ClaimTest& test);
    void copyAll() const;

    QAction* m_run;
    ElidedLabel* m_summary;
    QToolButton* m_copy;
    QStackedWidget* m_stack;
    QScrollArea* m_scroll;
    QBoxLayout* m_columns;
    std::map<ClaimTopic, Surface*> m_groups;
    std::vector<ClaimCard*> m_cards; ///< in the order of claims()
    DataTable* m_table;
};

} // namespace decodescope
