// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/runs_model.h"

#include <QStringList>

#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kNoisy = 0.05; ///< of the median: beyond it the badge is shown

double relativeError(const Sample& sample) {
    return sample.tpotP50Ms > 0 ? sample.tpotCi95Ms / sample.tpotP50Ms : 0;
}

/// "±12 %"; empty where the repetitions are steady.
QString scatterText(const Sample& sample) {
    const double error = relativeError(sample);
    return error > kNoisy ? RunsModel::tr("±%1 %").arg(qRound(error * 100)) : QString();
}

QString stateText(RunState state) {
    switch (state) {
    case RunState::Running:
        return RunsModel::tr("running");
    case RunState::Complete:
        return RunsModel::tr("complete");
    case RunState::Partial:
        return RunsModel::tr("partial");
    case RunState::Failed:
        return RunsModel::tr("partial, failed");
    }
    return {};
}

/// Words begin at the left, numbers end at the right; a heading stands as its column does.
Qt::Alignment alignment(int column) {
    const bool words = column == RunsModel::AttentionColumn || column == RunsModel::DeviceColumn ||
                       column == RunsModel::StateColumn;
    return (words ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter;
}

QString number(double value) {
    const int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    return QString::number(value, 'f', decimals);
}

} // namespace

QString noiseBadge(const Sample& sample) {
    QString scatter = scatterText(sample);
    if (!scatter.isEmpty() && sample.conditions && !changedClocks(*sample.conditions).empty())
        return RunsModel::tr("%1, clock changed").arg(scatter);
    return scatter;
}

RunsModel::RunsModel(const RunStore& store, QObject* parent)
    : QAbstractTableModel(parent), m_store(store) {
    connect(&store, &RunStore::changed, this, &RunsModel::reload);
    connect(&store, &RunStore::samplesChanged, this, &RunsModel::reload);
    reload();
}

void RunsModel::reload() {
    beginResetModel();
    m_rows.clear();
    int number = 0;
    for (const Run& run : m_store.runs()) {
        ++number;
        for (const Sample& sample : run.recording.samples) {
            Row row{sample, number, run.state};
            row.sample.repetitionsMs.clear();
            m_rows.push_back(std::move(row));
        }
    }
    endResetModel();
}

int RunsModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int RunsModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QString RunsModel::shown(const Row& row, int column) {
    const Sample& sample = row.sample;
    switch (column) {
    case RunColumn:
        return QString::number(row.run);
    case AttentionColumn:
        return QString::fromStdString(sample.variant) +
               (sample.whatIf ? tr(" (what-if)") : QString());
    case DeviceColumn:
        return QString::fromStdString(sample.device);
    case ContextColumn:
        return QString::fromStdString(formatCount(sample.context));
    case BatchColumn:
        return QString::fromStdString(formatCount(sample.batch));
    case RateColumn:
        return tr("%1 ± %2").arg(number(sample.tokensPerSecond),
                                 number(sample.tokensPerSecond * relativeError(sample)));
    case P50Column:
        return number(sample.tpotP50Ms);
    case P99Column:
        return number(sample.tpotP99Ms);
    case BandwidthColumn:
        return number(sample.achievedBytesPerSecond / 1e9);
    case RoofColumn:
        return sample.floorFraction > 0 ? tr("%1 %").arg(number(sample.floorFraction * 100))
                                        : tr("–");
    case StateColumn: {
        QStringList parts{sample.quickLook ? tr("quick look") : stateText(row.state)};
        if (const QString badge = noiseBadge(sample); !badge.isEmpty())
            parts << badge;
        if (sample.cacheResident)
            parts << tr("cache-resident");
        if (sample.layersMeasured > 0 && sample.layersMeasured < sample.layers)
            parts << tr("%1 of %2 layers").arg(sample.layersMeasured).arg(sample.layers);
        return parts.join(QStringLiteral(", "));
    }
    default:
        return {};
    }
}

QVariant RunsModel::raw(const Row& row, int column) {
    const Sample& sample = row.sample;
    switch (column) {
    case RunColumn:
        return row.run;
    case ContextColumn:
        return static_cast<qlonglong>(sample.context);
    case BatchColumn:
        return static_cast<qlonglong>(sample.batch);
    case RateColumn:
        return sample.tokensPerSecond;
    case P50Column:
        return sample.tpotP50Ms;
    case P99Column:
        return sample.tpotP99Ms;
    case BandwidthColumn:
        return sample.achievedBytesPerSecond;
    case RoofColumn:
        return sample.floorFraction;
    default:
        return shown(row, column);
    }
}

QString RunsModel::stateTip(const Row& row) {
    QStringList lines{shown(row, StateColumn)};
    if (const QString scatter = scatterText(row.sample); !scatter.isEmpty())
        lines << tr("The repetitions scatter by %1. Close other programs, plug in the charger, or "
                    "give the run more time.")
                     .arg(scatter);
    if (row.sample.conditions)
        for (const std::string& line : describe(*row.sample.conditions))
            lines << QString::fromStdString(line);
    return lines.join(QLatin1Char('\n'));
}

QVariant RunsModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount())
        return {};
    const Row& row = m_rows[static_cast<std::size_t>(index.row())];
    const int column = index.column();
    if (role == Qt::DisplayRole)
        return shown(row, column);
    if (role == Qt::UserRole)
        return raw(row, column);
    if (role == Qt::ToolTipRole && column == StateColumn)
        return stateTip(row);
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(alignment(column));
    return {};
}

QVariant RunsModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation == Qt::Horizontal && role == Qt::TextAlignmentRole)
        return QVariant::fromValue(alignment(section));
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return QAbstractTableModel::headerData(section, orientation, role);
    switch (section) {
    case RunColumn:
        return tr("Run");
    case AttentionColumn:
        return tr("Attention");
    case DeviceColumn:
        return tr("Device");
    case ContextColumn:
        return tr("Context");
    case BatchColumn:
        return tr("Batch");
    case RateColumn:
        return tr("tokens/s ± CI");
    case P50Column:
        return tr("p50, ms");
    case P99Column:
        return tr("p99, ms");
    case BandwidthColumn:
        return tr("GB/s");
    case RoofColumn:
        return tr("% of roof");
    case StateColumn:
        return tr("State");
    default:
        return {};
    }
}

QString tabSeparated(const QAbstractItemModel& model) {
    QString text;
    const int columns = model.columnCount();
    const auto line = [&](const auto& cell) {
        QStringList cells;
        for (int column = 0; column < columns; ++column)
            cells << cell(column).replace(QLatin1Char('\n'), QLatin1Char(' '));
        text += cells.join(QLatin1Char('\t')) + QLatin1Char('\n');
    };
    line([&](int column) { return model.headerData(column, Qt::Horizontal).toString(); });
    for (int row = 0; row < model.rowCount(); ++row)
        line([&](int column) { return model.index(row, column).data().toString(); });
    return text;
}

} // namespace decodescope
