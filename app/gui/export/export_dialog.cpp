// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/export/export_dialog.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QSettings>
#include <QSpinBox>
#include <QVBoxLayout>

#include "app/gui/panels/form_section.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr double kScreenDpi = 96;
constexpr int kLeastDpi = 24;
constexpr int kMostDpi = 2400;

const QString kSettings = QStringLiteral("export/");

struct Format {
    const char* suffix;
    QString text;
};

std::vector<Format> formats() {
    return {{"png", ExportDialog::tr("Chart, picture (PNG)")},
            {"svg", ExportDialog::tr("Chart, drawing (SVG)")},
            {"pdf", ExportDialog::tr("Chart, page (PDF)")},
            {"html", ExportDialog::tr("Report of everything (HTML)")},
            {"csv", ExportDialog::tr("Data, table (CSV)")},
            {"json", ExportDialog::tr("Data (JSON)")},
            {"jsonl", ExportDialog::tr("Data, a line a point (JSON Lines)")},
            {"md", ExportDialog::tr("Data, table to read (Markdown)")}};
}

QSpinBox* spin(QWidget* parent, const char* name, const QString& label, int least, int most) {
    auto* box = new QSpinBox(parent);
    box->setObjectName(QString::fromLatin1(name));
    box->setAccessibleName(label);
    box->setRange(least, most);
    return box;
}

} // namespace

ExportDialog::ExportDialog(const QString& what, QWidget* parent)
    : QDialog(parent), m_format(formCombo(this, "exportFormat", tr("Format"))),
      m_width(spin(this, "exportWidth", tr("Width"), kLeastSide, kMostSide)),
      m_height(spin(this, "exportHeight", tr("Height"), kLeastSide, kMostSide)),
      m_dpi(spin(this, "exportDpi", tr("Dots per inch"), kLeastDpi, kMostDpi)),
      m_theme(formCombo(this, "exportTheme", tr("Theme"))), m_note(formNote(this, "exportNote")),
      m_buttons(new QDialogButtonBox(QDialogButtonBox::Save | QDialogButtonBox::Cancel, this)) {
    setObjectName(QStringLiteral("exportDialog"));
    setWindowTitle(tr("Export"));
    for (const Format& format : formats())
        m_format->addItem(format.text, QString::fromLatin1(format.suffix));
    m_format->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_width->setSuffix(tr(" px"));
    m_height->setSuffix(tr(" px"));
    m_theme->addItem(tr("Light"), false);
    m_theme->addItem(tr("Dark"), true);
    m_buttons->button(QDialogButtonBox::Save)->setText(tr("Save as…"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(2 * kStep, 2 * kStep, 2 * kStep, 2 * kStep);
    column->setSpacing(2 * kStep);
    auto* heading = new QLabel(what, this);
    heading->setTextFormat(Qt::PlainText);
    heading->setFont(textFont(TextSize::Heading));
    column->addWidget(heading);
    auto* form = new QFormLayout;
    form->setHorizontalSpacing(2 * kStep);
    form->setVerticalSpacing(kStep);
    form->addRow(tr("&Format"), m_format);
    form->addRow(tr("&Width"), m_width);
    form->addRow(tr("&Height"), m_height);
    form->addRow(tr("&Dots per inch"), m_dpi);
    form->addRow(tr("&Theme"), m_theme);
    column->addLayout(form);
    column->addWidget(m_note);
    column->addWidget(m_buttons);
    restore();
    connect(m_format, &QComboBox::currentIndexChanged, this, &ExportDialog::refresh);
    for (const QSpinBox* each : {m_width, m_height, m_dpi})
        connect(each, &QSpinBox::valueChanged, this, &ExportDialog::refresh);
    connect(m_buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(m_buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    refresh();
}

QString ExportDialog::suffix() const {
    return m_format->currentData().toString();
}

QString ExportDialog::fileFilter() const {
    return tr("%1 (*.%2)").arg(m_format->currentText(), suffix());
}

ChartStyle ExportDialog::style() const {
    return {{m_width->value(), m_height->value()},
            static_cast<double>(m_dpi->value()),
            m_theme->currentData().toBool() ? &darkTheme() : &lightTheme()};
}

void ExportDialog::refresh() {
    const bool chart = isChartFile(QStringLiteral("chart.") + suffix());
    const bool picture = suffix() == QLatin1String("png");
    for (QWidget* each : {static_cast<QWidget*>(m_width), static_cast<QWidget*>(m_height),
                          static_cast<QWidget*>(m_theme)})
        each->setEnabled(chart);
    m_dpi->setEnabled(picture);
    const bool right = !chart || isPossible(style());
    m_buttons->button(QDialogButtonBox::Save)->setEnabled(right);
    const double scale = m_dpi->value() / kScreenDpi;
    if (!right)
        m_note->setText(tr("That is more than 300 million dots: make it smaller."));
    else if (picture)
        m_note->setText(tr("A picture of %1 × %2 dots.")
                            .arg(qRound(m_width->value() * scale))
                            .arg(qRound(m_height->value() * scale)));
    else if (chart)
        m_note->setText(tr("Text is as large against the chart as on a screen of this size."));
    else if (suffix() == QLatin1String("html"))
        m_note->setText(tr("Charts, tables, configuration, machine, and how each number was "
                           "obtained, in one file that prints on A4."));
    else
        m_note->setText(tr("All measured points or, before the first, the plans."));
}

void ExportDialog::restore() {
    const QSettings settings;
    const ChartStyle usual;
    const auto number = [&settings](const char* key, int otherwise) {
        return settings.value(kSettings + QLatin1String(key), otherwise).toInt();
    };
    m_width->setValue(number("width", usual.size.width()));
    m_height->setValue(number("height", usual.size.height()));
    m_dpi->setValue(number("dpi", qRound(usual.dotsPerInch)));
    choose(m_theme, settings.value(kSettings + QLatin1String("dark"), false).toBool());
    choose(m_format, settings.value(kSettings + QLatin1String("format"), QStringLiteral("png")));
}

void ExportDialog::done(int result) {
    if (result == Accepted) {
        QSettings settings;
        settings.setValue(kSettings + QLatin1String("width"), m_width->value());
        settings.setValue(kSettings + QLatin1String("height"), m_height->value());
        settings.setValue(kSettings + QLatin1String("dpi"), m_dpi->value());
        settings.setValue(kSettings + QLatin1String("dark"), m_theme->currentData());
        settings.setValue(kSettings + QLatin1String("format"), suffix());
    }
    QDialog::done(result);
}

} // namespace decodescope
