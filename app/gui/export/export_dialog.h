// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

#include "app/gui/export/chart_export.h"

class QComboBox;
class QDialogButtonBox;
class QLabel;
class QSpinBox;

namespace decodescope {

/// Asks what kind of file an export becomes and how large and how dark its chart is. What was
/// chosen last is offered the next time.
class ExportDialog : public QDialog {
    Q_OBJECT
public:
    /// `what` names the chart or charts: "KV cache against context".
    explicit ExportDialog(const QString& what, QWidget* parent = nullptr);

    [[nodiscard]] QString suffix() const; ///< "png", "html"
    [[nodiscard]] QString fileFilter() const;
    [[nodiscard]] ChartStyle style() const;

protected:
    void done(int result) override;

private:
    void refresh();
    void restore();

    QComboBox* m_format;
    QSpinBox* m_width;
    QSpinBox* m_height;
    QSpinBox* m_dpi;
    QComboBox* m_theme;
    QLabel* m_note;
    QDialogButtonBox* m_buttons;
};

} // namespace decodescope
