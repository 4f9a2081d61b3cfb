// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <vector>

#include <QAbstractListModel>

#include "core/profile/profiler.h"

namespace decodescope {

/// Runs that wait for their turn, the next one first. Each is what was asked for when it was added:
/// what is changed afterwards is another run.
class RunQueue : public QAbstractListModel {
    Q_OBJECT
public:
    using QAbstractListModel::QAbstractListModel;

    [[nodiscard]] bool empty() const { return m_waiting.empty(); }
    void add(const RunRequest& request);
    void removeAt(int row); ///< a row that is not there changes nothing
    /// One place nearer to its turn, or to the end; at the end of its way it stays.
    void moveUp(int row);
    void moveDown(int row);
    /// Of a queue that is held nothing is started.
    void setHeld(bool held);
    [[nodiscard]] bool held() const { return m_held; }
    /// The next one, which waits no longer.
    [[nodiscard]] std::optional<RunRequest> takeNext();

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;

signals:
    void changed(); ///< what waits, or whether it is held

private:
    std::vector<RunRequest> m_waiting;
    bool m_held = false;
};

/// What a run measures, in one line: "Llama 3.1 8B: MHA, GQA-8, MQA at 1K–32K tokens, attention".
[[nodiscard]] QString runTitle(const RunRequest& request);

} // namespace decodescope
