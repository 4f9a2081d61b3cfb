// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/run_queue.h"

#include <algorithm>

#include <QStringList>

#include "core/spec/units.h"

namespace decodescope {
namespace {

QString range(const std::vector<std::int64_t>& values, std::string (*format)(std::int64_t)) {
    if (values.empty())
        return {};
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    const QString first = QString::fromStdString(format(*least));
    return *least == *most
               ? first
               : RunQueue::tr("%1–%2").arg(first, QString::fromStdString(format(*most)));
}

} // namespace

QString runTitle(const RunRequest& request) {
    QStringList labels;
    for (const Variant& variant : request.variants)
        labels << QString::fromStdString(variant.label);
    const Workload& workload = request.workload;
    QString title =
        RunQueue::tr("%1: %2 at %3 tokens")
            .arg(QString::fromStdString(request.model.name), labels.join(QStringLiteral(", ")),
                 range(workload.contexts, formatTokensShort));
    if (workload.batches != std::vector<std::int64_t>{1})
        title += RunQueue::tr(", batch %1").arg(range(workload.batches, formatCount));
    title +=
        workload.scope == Scope::Step ? RunQueue::tr(", whole step") : RunQueue::tr(", attention");
    return title + RunQueue::tr(", at most %1 s").arg(qRound(workload.maxSeconds));
}

void RunQueue::add(const RunRequest& request) {
    const int row = rowCount();
    beginInsertRows({}, row, row);
    m_waiting.push_back(request);
    endInsertRows();
    emit changed();
}

void RunQueue::removeAt(int row) {
    if (row < 0 || row >= rowCount())
        return;
    beginRemoveRows({}, row, row);
    m_waiting.erase(m_waiting.begin() + row);
    endRemoveRows();
    emit changed();
}

void RunQueue::moveUp(int row) {
    if (row < 1 || row >= rowCount())
        return;
    beginMoveRows({}, row, row, {}, row - 1);
    std::swap(m_waiting[static_cast<std::size_t>(row)],
              m_waiting[static_cast<std::size_t>(row - 1)]);
    endMoveRows();
    emit changed();
}

void RunQueue::moveDown(int row) {
    if (row >= 0)
        moveUp(row + 1);
}

void RunQueue::setHeld(bool held) {
    if (held == m_held)
        return;
    m_held = held;
    emit changed();
}

std::optional<RunRequest> RunQueue::takeNext() {
    if (m_waiting.empty())
        return std::nullopt;
    RunRequest next = std::move(m_waiting.front());
    removeAt(0);
    return next;
}

int RunQueue::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_waiting.size());
}

QVariant RunQueue::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount())
        return {};
    if (role == Qt::DisplayRole || role == Qt::ToolTipRole || role == Qt::AccessibleTextRole)
        return runTitle(m_waiting[static_cast<std::size_t>(index.row())]);
    return {};
}

} // namespace decodescope
