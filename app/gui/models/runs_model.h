// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QAbstractTableModel>

#include "app/gui/models/run_store.h"

namespace decodescope {

/// One row a Sample. Qt::UserRole holds the raw value, by which a proxy sorts.
class RunsModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column {
        RunColumn,
        AttentionColumn,
        DeviceColumn,
        ContextColumn,
        BatchColumn,
        RateColumn,
        P50Column,
        P99Column,
        BandwidthColumn,
        RoofColumn,
        StateColumn,
        ColumnCount
    };

    explicit RunsModel(const RunStore& store, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation,
                        int role = Qt::DisplayRole) const override;

private:
    struct Row {
        Sample sample;
        int run = 0; ///< from 1
        RunState state = RunState::Running;
    };
    void reload();
    [[nodiscard]] static QString shown(const Row& row, int column);
    /// The state, what noise there was, and how the device ran, a line each.
    [[nodiscard]] static QString stateTip(const Row& row);
    [[nodiscard]] static QVariant raw(const Row& row, int column);

    const RunStore& m_store;
    std::vector<Row> m_rows;
};

/// How far this Sample scatters, and what to do about it; empty where it is steady.
[[nodiscard]] QString noiseBadge(const Sample& sample);

/// The rows shown, with their header, as tab-separated text.
[[nodiscard]] QString tabSeparated(const QAbstractItemModel& model);

} // namespace decodescope
