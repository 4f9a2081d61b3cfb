// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <vector>

#include <QObject>
#include <QString>

#include "core/spec/quality.h"
#include "core/spec/result.h"

namespace decodescope {

/// The published studies and, behind them, those that the user imported, which stay from one
/// session to the next in one file.
class QualityStore : public QObject {
    Q_OBJECT
public:
    /// Keeps the user's studies in `file`. One that cannot be read is set aside under another name,
    /// and problem() says so: nothing is lost.
    explicit QualityStore(const QString& file, QObject* parent = nullptr);
    /// quality.csv among the application's data.
    [[nodiscard]] static QString usualFile();

    [[nodiscard]] const std::vector<QualityStudy>& studies() const { return m_studies; }
    [[nodiscard]] const QString& problem() const { return m_problem; }
    /// The place of the user's study with this title, or -1.
    [[nodiscard]] int ownStudy(const QString& title) const;

    /// Takes the studies of a CSV table; one of the user's with the same title gives way. Tells the
    /// title of the first. Errors: as readQualityCsv(), and OutputNotWritten.
    [[nodiscard]] Result<QString> import(const QString& path);
    /// The same for studies that were read already, and for this session only.
    QString show(std::vector<QualityStudy> fresh);
    /// Forgets one of the user's studies; of the published ones none. Errors: OutputNotWritten.
    [[nodiscard]] Status remove(const QString& title);
    /// Writes studies as the table that import() reads. Errors: OutputNotWritten.
    [[nodiscard]] static Status write(std::span<const QualityStudy> studies, const QString& path);

signals:
    void changed();

private:
    [[nodiscard]] Status keep(std::vector<QualityStudy> own);
    [[nodiscard]] std::vector<QualityStudy> own() const;
    [[nodiscard]] std::vector<QualityStudy> ownWith(std::vector<QualityStudy> fresh) const;
    void take(std::vector<QualityStudy> own);

    QString m_file;
    QString m_problem;
    std::vector<QualityStudy> m_studies;
};

} // namespace decodescope
