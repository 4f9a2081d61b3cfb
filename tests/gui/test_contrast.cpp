// SPDX-License-Identifier: GPL-3.0-or-later
#include <unordered_map>

#include <QAbstractButton>
#include <QAction>
#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QSettings>
#include <QSlider>
#include <QStandardPaths>
#include <QTabWidget>
#include <QTest>

#include <qcustomplot.h>

#include "app/gui/panels/data_table.h"
#include "app/gui/panels/roofline_page.h"
#include "app/gui/panels/tab_page.h"
#include "app/gui/plots/plot_widget.h"
#include "app/gui/plots/point_labels.h"
#include "contrast.h"
#include "example_window.h"

using namespace decodescope;

namespace {

constexpr int kScale = 2; // so that thin strokes have pixels of their full ink

const QRgb* lineOf(const QImage& image, int y) {
    return reinterpret_cast<const QRgb*>(image.constScanLine(y));
}

/// The greatest contrast with `ground` among the pixels that are not as in `without` (all, where
/// that is null). Nothing where they all are.
std::optional<double> strongest(const QImage& image, const QColor& ground,
                                const QImage& without = {}) {
    std::unordered_map<QRgb, double> known;
    std::optional<double> most;
    for (int y = 0; y < image.height(); ++y) {
        const QRgb* line = lineOf(image, y);
        const QRgb* other = without.isNull() ? nullptr : lineOf(without, y);
        if (other && std::equal(line, line + image.width(), other))
            continue;
        for (int x = 0; x < image.width(); ++x) {
            if (other && line[x] == other[x])
                continue;
            const auto [found, fresh] = known.try_emplace(line[x], 0);
            if (fresh)
                found->second = contrast(QColor(line[x]), ground);
            most = std::max(most.value_or(1), found->second);
        }
    }
    return most;
}

QColor commonest(const QImage& image) {
    std::unordered_map<QRgb, int> counts;
    for (int y = 0; y < image.height(); ++y) {
        const QRgb* line = lineOf(image, y);
        for (int x = 0; x < image.width(); ++x)
            ++counts[line[x]];
    }
    const auto most = std::max_element(counts.begin(), counts.end(),
                                       [](auto& a, auto& b) { return a.second < b.second; });
    return most == counts.end() ? QColor() : QColor(most->first);
}

QImage drawn(QCustomPlot& plot) {
    return plot.toPixmap(plot.width(), plot.height(), kScale)
        .toImage()
        .convertToFormat(QImage::Format_RGB32);
}

/// An area without a border tells nothing alone: what it lies under, or a line, does.
bool isTint(const QCPAbstractPlottable& plottable) {
    return plottable.pen().style() == Qt::NoPen && plottable.brush().style() != Qt::NoBrush;
}

bool isText(const QCPAbstractItem& item) {
    return qobject_cast<const QCPItemText*>(&item) || qobject_cast<const PointLabels*>(&item);
}

void addThemes() {
    QTest::addColumn<bool>("dark");
    QTest::newRow("light") << false;
    QTest::newRow("dark") << true;
}

} // namespace

/// What the window really draws, in both themes: text keeps a contrast of 4.5:1 on its ground,
/// lines and marks one of 3:1. Every tab and every chart is walked through.
class TestContrast : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void textOfEveryTab_data() { addThemes(); }
    void textOfEveryTab();
    void linesAndMarksOfEveryChart_data() { addThemes(); }
    void linesAndMarksOfEveryChart();

private:
    void open(bool dark);
    void checkTexts(QWidget& page, const QString& where);
    void checkChart(PlotWidget& chart);

    std::unique_ptr<MainWindow> m_window;
    QTabWidget* m_tabs = nullptr;
    int m_texts = 0;
};

void TestContrast::initTestCase() {
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("decodescope-test"));
    QCoreApplication::setApplicationName(QStringLiteral("contrast"));
}

void TestContrast::open(bool dark) {
    QSettings().clear();
    QSettings().setValue(QStringLiteral("theme"),
                         dark ? QStringLiteral("dark") : QStringLiteral("light"));
    m_window = std::make_unique<MainWindow>();
    m_window->resize(1440, 900);
    m_window->show();
    m_tabs = m_window->findChild<QTabWidget*>(QStringLiteral("tabs"));
    fillWindow(*m_window);
    m_window->findChild<QSlider*>(QStringLiteral("rooflineTokens"))->setValue(4);
    QApplication::processEvents();
}

void TestContrast::checkTexts(QWidget& page, const QString& where) {
    QImage image(m_window->size() * kScale, QImage::Format_RGB32);
    image.setDevicePixelRatio(kScale);
    m_window->render(&image);
    for (QWidget* widget : page.findChildren<QWidget*>()) {
        QString text;
        if (const auto* label = qobject_cast<QLabel*>(widget))
            text = label->text();
        else if (const auto* button = qobject_cast<QAbstractButton*>(widget))
            text = button->text();
        else if (const auto* box = qobject_cast<QComboBox*>(widget))
            text = box->currentText();
        else if (const auto* line = qobject_cast<QLineEdit*>(widget))
            text = line->text();
        else if (const auto* header = qobject_cast<QHeaderView*>(widget))
            text = header->accessibleName() + QStringLiteral("header");
        // What can not be used now is exempt.
        if (text.isEmpty() || !widget->isVisible() || !widget->isEnabled())
            continue;
        const QRect seen = widget->visibleRegion().boundingRect();
        if (seen.height() < widget->fontMetrics().height())
            continue;
        const QRect place(widget->mapTo(m_window.get(), seen.topLeft()) * kScale,
                          seen.size() * kScale);
        const QImage part = image.copy(place);
        const double ink = strongest(part, commonest(part)).value_or(1);
        ++m_texts;
        QVERIFY2(ink >= kTextContrast, qPrintable(QStringLiteral("%1, %2 \"%3\": %4")
                                                      .arg(where, widget->objectName(), text)
                                                      .arg(ink)));
    }
}

void TestContrast::textOfEveryTab() {
    QFETCH(bool, dark);
    open(dark);
    m_texts = 0;
    auto* asTable = m_window->findChild<QAction*>(QStringLiteral("actionShowAsTable"));
    for (int i = 0; i < m_tabs->count(); ++i) {
        m_tabs->setCurrentIndex(i);
        for (const bool table : {false, true}) {
            asTable->setChecked(table);
            QApplication::processEvents();
            checkTexts(*m_window, m_tabs->tabText(i));
            if (QTest::currentTestFailed())
                return;
        }
    }
    QVERIFY(m_texts > 20 * m_tabs->count());
}

void TestContrast::checkChart(PlotWidget& chart) {
    QCustomPlot& plot = chart.plot();
    const QColor ground = chart.theme().ground;
    const QImage with = drawn(plot);
    const auto check = [&](const QString& what, double least, const std::function<void()>& hide,
                           const std::function<void()>& show) {
        hide();
        // What it is drawn with is what changes when it goes; nothing where it is not in view.
        const std::optional<double> ink = strongest(with, ground, drawn(plot));
        show();
        QVERIFY2(ink.value_or(least) >= least, qPrintable(QStringLiteral("%1, %2: %3")
                                                              .arg(chart.chartName(), what)
                                                              .arg(ink.value_or(least))));
    };
    for (int i = 0; i < plot.plottableCount(); ++i) {
        QCPAbstractPlottable* each = plot.plottable(i);
        if (!each->visible() || isTint(*each))
            continue;
        check(
            QStringLiteral("series %1 %2").arg(i).arg(each->name()), kGraphicContrast,
            [each] { each->setVisible(false); }, [each] { each->setVisible(true); });
    }
    for (int i = 0; i < plot.itemCount(); ++i) {
        QCPAbstractItem* each = plot.item(i);
        if (!each->visible())
            continue;
        check(
            QStringLiteral("item %1 %2").arg(i).arg(each->metaObject()->className()),
            isText(*each) ? kTextContrast : kGraphicContrast, [each] { each->setVisible(false); },
            [each] { each->setVisible(true); });
    }
    for (QCPAxis* axis : {plot.xAxis, plot.yAxis}) {
        const QColor text = axis->tickLabelColor();
        check(
            QStringLiteral("tick labels"), kTextContrast,
            [axis] { axis->setTickLabelColor(Qt::transparent); },
            [axis, text] { axis->setTickLabelColor(text); });
        const QColor title = axis->labelColor();
        check(
            QStringLiteral("axis title"), kTextContrast,
            [axis] { axis->setLabelColor(Qt::transparent); },
            [axis, title] { axis->setLabelColor(title); });
        const QPen base = axis->basePen();
        check(
            QStringLiteral("axis"), kGraphicContrast, [axis] { axis->setBasePen(Qt::NoPen); },
            [axis, base] { axis->setBasePen(base); });
    }
    for (auto* element : plot.plotLayout()->elements(true)) {
        if (!element || element == plot.axisRect() || !element->visible() ||
            qobject_cast<QCPLayout*>(element))
            continue;
        check(
            QString::fromLatin1(element->metaObject()->className()), kTextContrast,
            [element] { element->setVisible(false); }, [element] { element->setVisible(true); });
    }
}

void TestContrast::linesAndMarksOfEveryChart() {
    QFETCH(bool, dark);
    open(dark);
    int charts = 0;
    for (int i = 0; i < m_tabs->count(); ++i) {
        m_tabs->setCurrentIndex(i);
        QApplication::processEvents();
        for (PlotWidget* chart : qobject_cast<TabPage*>(m_tabs->widget(i))->charts()) {
            if (!chart->isVisible()) // there is nothing to show
                continue;
            ++charts;
            QVERIFY2(chart->plot().plottableCount() > 0, qPrintable(chart->chartName()));
            checkChart(*chart);
            if (QTest::currentTestFailed())
                return;
        }
    }
    QVERIFY(charts >= 6);
}

QTEST_MAIN(TestContrast)
#include "test_contrast.moc"
