// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/queue_panel.h"

#include <QAction>
#include <QHBoxLayout>
#include <QLabel>
#include <QListView>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/gui/models/run_queue.h"
#include "app/gui/theme/icons.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kRowSpacing = 2;

} // namespace

QueuePanel::QueuePanel(RunQueue& queue, QWidget* parent)
    : QStackedWidget(parent), m_queue(queue), m_list(new QListView(this)) {
    auto* empty = new QLabel(tr("Runs that wait for their turn appear here. Choose what to measure "
                                "and press Add to queue (Ctrl+Shift+Q)."),
                             this);
    empty->setObjectName(QStringLiteral("queueEmpty"));
    empty->setAlignment(Qt::AlignCenter);
    empty->setWordWrap(true);
    empty->setForegroundRole(QPalette::PlaceholderText);
    auto* page = new QWidget(this);
    m_list->setObjectName(QStringLiteral("queueList"));
    m_list->setAccessibleName(tr("Runs that wait for their turn"));
    m_list->setModel(&queue);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setTextElideMode(Qt::ElideRight);
    m_list->setAlternatingRowColors(true);
    m_list->setSpacing(kRowSpacing);
    m_list->setMinimumHeight(fontMetrics().height() + 2 * kStep); // a row, as the runs have
    m_hold = button("queueHold", {}, {});
    m_up = button("queueUp", tr("Up"), tr("Nearer to its turn (Ctrl+Up)"));
    m_down = button("queueDown", tr("Down"), tr("Later (Ctrl+Down)"));
    m_remove = button("queueRemove", tr("Remove"), tr("Do not run it (Del)"));
    auto* side = new QHBoxLayout;
    side->setContentsMargins(kStep, kHalfStep, kStep, kHalfStep);
    side->setSpacing(kHalfStep);
    side->addWidget(m_hold);
    side->addStretch(1);
    for (QToolButton* each : {m_up, m_down, m_remove})
        side->addWidget(each);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(side);
    column->addWidget(m_list, 1);
    addWidget(empty);
    addWidget(page);
    const auto act = [this](QToolButton* of, const QKeySequence& keys, const auto& what) {
        connect(of, &QToolButton::clicked, this, what);
        auto* action = new QAction(of->text(), m_list);
        action->setShortcut(keys);
        action->setShortcutContext(Qt::WidgetShortcut);
        connect(action, &QAction::triggered, this, what);
        m_list->addAction(action);
    };
    act(m_up, Qt::CTRL | Qt::Key_Up, [this] {
        const int at = row();
        m_queue.moveUp(at);
        select(at - 1);
    });
    act(m_down, Qt::CTRL | Qt::Key_Down, [this] {
        const int at = row();
        m_queue.moveDown(at);
        select(at + 1);
    });
    act(m_remove, Qt::Key_Delete, [this] {
        const int at = row();
        m_queue.removeAt(at);
        select(at);
    });
    m_list->setContextMenuPolicy(Qt::ActionsContextMenu);
    connect(m_hold, &QToolButton::clicked, this, [this] { m_queue.setHeld(!m_queue.held()); });
    connect(&queue, &RunQueue::changed, this, &QueuePanel::refresh);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this,
            &QueuePanel::refresh);
    refresh();
}

QToolButton* QueuePanel::button(const char* name, const QString& text, const QString& tip) {
    auto* made = new QToolButton(this);
    made->setObjectName(QString::fromLatin1(name));
    made->setText(text);
    made->setToolTip(tip);
    made->setAutoRaise(true);
    made->setFocusPolicy(Qt::StrongFocus);
    made->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    return made;
}

int QueuePanel::row() const {
    return m_list->currentIndex().isValid() ? m_list->currentIndex().row() : -1;
}

void QueuePanel::select(int row) {
    const int last = m_queue.rowCount() - 1;
    m_list->setCurrentIndex(m_queue.index(qBound(0, row, qMax(0, last))));
}

void QueuePanel::refresh() {
    setCurrentIndex(m_queue.empty() ? 0 : 1);
    const int at = row();
    m_up->setEnabled(at > 0);
    m_down->setEnabled(at >= 0 && at + 1 < m_queue.rowCount());
    m_remove->setEnabled(at >= 0);
    const bool held = m_queue.held();
    m_hold->setText(held ? tr("Start queue") : tr("Hold queue"));
    m_hold->setIcon(themedIcon(held ? QStringLiteral("run") : QStringLiteral("pause")));
    m_hold->setToolTip(held ? tr("Run what waits, one after the other")
                            : tr("Let what runs come to its end, and start nothing after it"));
}

} // namespace decodescope
