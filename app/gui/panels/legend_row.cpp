// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/legend_row.h"

#include <algorithm>

#include <QHBoxLayout>
#include <QLabel>

#include "app/gui/panels/legend_button.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {

LegendRow::LegendRow(QWidget* parent)
    : QWidget(parent),
      m_key(new QLabel(tr("dashed, hollow: predicted · solid, filled: measured"), this)) {
    setObjectName(QStringLiteral("legendRow"));
    setAccessibleName(tr("Legend"));
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    m_key->setObjectName(QStringLiteral("legendKey"));
    m_key->setTextFormat(Qt::PlainText);
    m_key->setForegroundRole(QPalette::PlaceholderText);
    m_key->setFont(textFont(TextSize::Note));
    m_row = new QHBoxLayout(this);
    m_row->setContentsMargins(0, 0, 0, 0);
    m_row->setSpacing(kHalfStep);
    m_row->addStretch(1);
    m_row->addWidget(m_key);
}

void LegendRow::addButton() {
    const int index = static_cast<int>(m_buttons.size());
    auto* button = new LegendButton(this);
    button->setObjectName(QStringLiteral("legendButton-%1").arg(index));
    m_row->insertWidget(index, button);
    connect(button, &QAbstractButton::clicked, this,
            [this, button](bool shown) { emit toggled(button->text(), shown); });
    m_buttons.push_back(button);
}

void LegendRow::setOverview(const OverviewData& overview) {
    while (m_buttons.size() > overview.variants.size()) {
        delete m_buttons.back();
        m_buttons.pop_back();
    }
    while (m_buttons.size() < overview.variants.size())
        addButton();
    for (std::size_t i = 0; i < m_buttons.size(); ++i) {
        m_buttons[i]->setSeries(overview.variants[i]);
        m_buttons[i]->setChecked(overview.variants[i].visible);
    }
    fit();
}

void LegendRow::setKey(const QString& text) {
    m_key->setText(text);
    fit();
}

int LegendRow::buttonsWidth(bool detailed) const {
    int width = 0;
    for (const LegendButton* button : m_buttons)
        width += button->widthOf(detailed) + m_row->spacing();
    return width;
}

void LegendRow::fit() {
    const int keyWidth = m_key->sizeHint().width() + m_row->spacing();
    const bool detailed = buttonsWidth(true) <= width();
    m_key->setVisible(buttonsWidth(detailed) + keyWidth <= width());
    for (LegendButton* button : m_buttons)
        button->setDetailed(detailed);
}

QSize LegendRow::minimumSizeHint() const {
    return {buttonsWidth(false), QWidget::minimumSizeHint().height()};
}

void LegendRow::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    fit();
}

} // namespace decodescope
