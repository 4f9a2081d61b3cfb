// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/quality_store.h"

#include <algorithm>
#include <iterator>

#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

#include "core/import/quality_csv.h"
#include "core/profile/whole_file.h"
#include "core/report/quality_report.h"

namespace decodescope {

QualityStore::QualityStore(const QString& file, QObject* parent) : QObject(parent), m_file(file) {
    take({});
    if (!QFileInfo::exists(file))
        return;
    Result<std::vector<QualityStudy>> kept = readQualityCsv(file.toStdString());
    if (kept) {
        take(std::move(*kept));
        return;
    }
    QString aside;
    for (int i = 1; aside.isEmpty() || QFileInfo::exists(aside); ++i)
        aside = QStringLiteral("%1.damaged-%2").arg(file).arg(i);
    QFile::rename(file, aside);
    m_problem = tr("Your quality numbers could not be read and are now in %1. %2")
                    .arg(aside, QString::fromStdString(kept.error().sentence()));
}

QString QualityStore::usualFile() {
    return QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) +
           QStringLiteral("/quality.csv");
}

int QualityStore::ownStudy(const QString& title) const {
    const auto found =
        std::find_if(m_studies.begin(), m_studies.end(), [&](const QualityStudy& each) {
            return each.own && each.title == title.toStdString();
        });
    return found == m_studies.end() ? -1 : static_cast<int>(found - m_studies.begin());
}

std::vector<QualityStudy> QualityStore::own() const {
    std::vector<QualityStudy> all;
    std::copy_if(m_studies.begin(), m_studies.end(), std::back_inserter(all),
                 [](const QualityStudy& each) { return each.own; });
    return all;
}

Result<QString> QualityStore::import(const QString& path) {
    Result<std::vector<QualityStudy>> fresh = readQualityCsv(path.toStdString());
    if (!fresh)
        return fresh.error();
    const QString first = QString::fromStdString(fresh->front().title);
    if (const Status kept = keep(ownWith(std::move(*fresh))); !kept)
        return kept.error();
    return first;
}

QString QualityStore::show(std::vector<QualityStudy> fresh) {
    QString first = QString::fromStdString(fresh.front().title);
    take(ownWith(std::move(fresh)));
    emit changed();
    return first;
}

std::vector<QualityStudy> QualityStore::ownWith(std::vector<QualityStudy> fresh) const {
    std::vector<QualityStudy> all = own();
    for (QualityStudy& study : fresh) {
        std::erase_if(all, [&](const QualityStudy& each) { return each.title == study.title; });
        all.push_back(std::move(study));
    }
    return all;
}

Status QualityStore::remove(const QString& title) {
    std::vector<QualityStudy> all = own();
    std::erase_if(all, [&](const QualityStudy& each) { return each.title == title.toStdString(); });
    return keep(std::move(all));
}

Status QualityStore::write(std::span<const QualityStudy> studies, const QString& path) {
    return writeWholeFile(path.toStdString(), qualityCsv(studies));
}

Status QualityStore::keep(std::vector<QualityStudy> own) {
    QDir().mkpath(QFileInfo(m_file).absolutePath());
    if (own.empty()) // a table without lines is no table
        QFile::remove(m_file);
    else if (Status written = write(own, m_file); !written)
        return written;
    take(std::move(own));
    emit changed();
    return Done{};
}

void QualityStore::take(std::vector<QualityStudy> own) {
    m_studies.assign(publishedQuality().begin(), publishedQuality().end());
    std::move(own.begin(), own.end(), std::back_inserter(m_studies));
}

} // namespace decodescope
