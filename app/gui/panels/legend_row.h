// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QWidget>

#include "app/gui/plots/overview_data.h"

class QHBoxLayout;
class QLabel;

namespace decodescope {

class LegendButton;

/// The legend of a page's charts: a button for each variant, named legendButton-<index>, and the
/// key to dashes and marks. What has no room goes: first the key, then the KV bytes per token.
class LegendRow : public QWidget {
    Q_OBJECT
public:
    explicit LegendRow(QWidget* parent = nullptr);
    /// Each button is down where its variant is visible.
    void setOverview(const OverviewData& overview);

    /// What the marks' shapes say, where it is not what they say everywhere.
    void setKey(const QString& text);
    [[nodiscard]] QSize minimumSizeHint() const override;

signals:
    void toggled(const QString& label, bool visible); ///< by a hand

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void addButton();
    void fit();
    [[nodiscard]] int buttonsWidth(bool detailed) const;

    QHBoxLayout* m_row;
    QLabel* m_key;
    std::vector<LegendButton*> m_buttons;
};

} // namespace decodescope
