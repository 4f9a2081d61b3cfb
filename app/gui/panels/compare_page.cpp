// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/compare_page.h"

#include <algorithm>

#include <QAction>
#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>

#include "app/gui/models/comparison_builder.h"
#include "app/gui/panels/compare_table.h"
#include "app/gui/panels/elided_label.h"
#include "app/gui/panels/form_section.h"
#include "app/gui/panels/legend_row.h"
#include "app/gui/plots/compare_plot.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {

ComparePage::ComparePage(Session& session, const PageActions& actions, QWidget* parent)
    : ChartPage(QStringLiteral("compare"), tr("Compare"), session, parent), m_actions(actions),
      m_plot(new ComparePlot(this)), m_sides(new ElidedLabel(this)),
      m_notes(formNote(this, "compareNotes")) {
    addChart(m_plot, 0, 0);
    m_sides->setObjectName(QStringLiteral("compareSides"));
    m_sides->setForegroundRole(QPalette::PlaceholderText);
    controls()->addWidget(m_sides, 1);
    addButton(actions.openBaseline);
    addButton(actions.removeBaseline);
    layout()->addWidget(m_notes);
}

void ComparePage::addButton(QAction* action) {
    if (!action)
        return;
    auto* button = new QToolButton(this);
    button->setDefaultAction(action);
    button->setAutoRaise(true);
    button->setFocusPolicy(Qt::StrongFocus);
    button->setToolButtonStyle(Qt::ToolButtonTextOnly);
    controls()->addWidget(button);
}

bool ComparePage::takeData() {
    m_comparison = compareWithBaseline(session());
    const bool both =
        m_comparison && std::any_of(m_comparison->pairs.begin(), m_comparison->pairs.end(),
                                    [](const ComparedPair& pair) { return pair.b.has_value(); });
    const CompareData shown = both ? compareData(*m_comparison, session()) : CompareData();
    m_plot->setComparison(shown);
    m_notes->setText(both ? notComparedText(*m_comparison) : QString());
    m_notes->setVisible(!m_notes->text().isEmpty());
    if (shown.marks.empty()) {
        sayWhatIsMissing(both);
        return false;
    }
    legend()->setKey(m_comparison->planned ? tr("dashed, hollow: predicted")
                                           : tr("hollow: baseline · filled: now"));
    m_sides->setText(tr("A: %1 · B: %2")
                         .arg(QString::fromStdString(m_comparison->nameA),
                              QString::fromStdString(m_comparison->nameB)));
    return true;
}

void ComparePage::sayWhatIsMissing(bool both) {
    if (const std::optional<Baseline>& baseline = session().baseline()) {
        setEmpty((both ? tr("Nothing that %1 holds is here in the same configuration.")
                       : tr("%1 is the baseline. Measure again, and what got faster or slower "
                            "appears here."))
                     .arg(baseline->name),
                 m_actions.run);
        return;
    }
    const bool any = !session().samples().empty();
    setEmpty(any ? tr("Pin what was measured as the baseline: what you measure then is held "
                      "against it here.")
                 : tr("Open a recording or plans as the baseline: what you measure or plan is held "
                      "against it here."),
             any ? m_actions.pinBaseline : m_actions.openBaseline);
}

TableData ComparePage::tableData() const {
    return compareTable(*m_comparison);
}

} // namespace decodescope
