// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/models/quality_store.h"
#include "app/gui/panels/chart_page.h"

class QComboBox;
class QPushButton;

namespace decodescope {

class TradeOffPlot;

/// Memory against quality, one study at a time: the published ones, and tables that the user
/// brings.
class TradeOffPage : public ChartPage {
    Q_OBJECT
public:
    /// The user's studies are kept in `file`.
    explicit TradeOffPage(Session& session, QWidget* parent = nullptr,
                          const QString& file = QualityStore::usualFile());
    [[nodiscard]] TradeOffPlot& plot() const { return *m_plot; }
    [[nodiscard]] const QualityStore& store() const { return m_store; }

    /// Takes a CSV table and shows its first study. Errors: as QualityStore::import().
    [[nodiscard]] Status import(const QString& path);
    /// Writes the study that is shown as such a table. Errors: OutputNotWritten.
    /// Shows studies for this session only, as an export of a table does.
    void showForNow(std::vector<QualityStudy> studies);
    [[nodiscard]] Status exportStudy(const QString& path) const;

signals:
    void importRequested();
    void exportStudyRequested();
    void refused(const QString& sentence); ///< the user's table could not be kept

protected:
    [[nodiscard]] bool takeData() override;
    [[nodiscard]] TableData tableData() const override;

private:
    void addChoices();
    void addButtons();
    void fillStudies();
    void fillMetrics();
    void showStudy(int index);
    void removeStudy();
    [[nodiscard]] const QualityStudy& study() const;
    [[nodiscard]] std::size_t metric() const;

    QualityStore m_store;
    TradeOffPlot* m_plot;
    QComboBox* m_studies = nullptr;
    QComboBox* m_metrics = nullptr;
    QPushButton* m_remove = nullptr;
};

} // namespace decodescope
