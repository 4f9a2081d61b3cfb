// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QSet>
#include <QWidget>

#include "app/gui/plots/overview_data.h"

class QHBoxLayout;
class QLabel;

namespace decodescope {

class LegendButton;

/// The one legend of all plots of the Overview: a button for each variant, named
/// legendButton-<index>, and the key to dashes and marks. What has no room goes: first the key,
/// then the KV bytes per token.
class LegendRow : public QWidget {
    Q_OBJECT
public:
    explicit LegendRow(QWidget* parent = nullptr);
    /// Variants that were hidden stay hidden, known by their label.
    void setOverview(const OverviewData& overview);
    [[nodiscard]] bool isShown(int index) const;
    /// As a click on the button of this variant. An index that is not there is passed over.
    void setShown(int index, bool shown);

    [[nodiscard]] QSize minimumSizeHint() const override;

signals:
    void toggled(int index, bool visible);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void addButton();
    void fit();
    [[nodiscard]] int buttonsWidth(bool detailed) const;

    QHBoxLayout* m_row;
    QLabel* m_key;
    std::vector<LegendButton*> m_buttons;
    QSet<QString> m_hidden; ///< labels
};

} // namespace decodescope
