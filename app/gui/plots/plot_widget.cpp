// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/plot_widget.h"

#include <algorithm>

#include <QEvent>
#include <QFocusEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QPainter>
#include <QVBoxLayout>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/outside_mask.h"
#include "app/gui/plots/plot_cursor.h"
#include "app/gui/plots/plot_footer.h"
#include "app/gui/plots/plot_navigation.h"
#include "app/gui/plots/plot_reader.h"
#include "app/gui/plots/plot_style.h"

namespace decodescope {
namespace {

constexpr int kFocusFrame = 1;
constexpr double kSmaller = 0.92; // tick labels against the window's font
constexpr QSize kSmallest(200, 84);
constexpr int kCompactBelow = 170;
constexpr QSize kAroundAxes(90, 80); // what labels and titles take, about
constexpr QSize kAroundBareAxes(90, 50);
constexpr int kWholeFooterFrom = 300; // px of height
constexpr int kTickWidth = 75;
constexpr int kTickHeight = 26;
constexpr int kMostTicks = 7;
constexpr int kPadding = 10;
constexpr int kTitleHeight = 4;
constexpr QSize kLegendIcon(20, 12);
constexpr int kLegendGap = 6;
constexpr int kBehindText = 170; // of 255

QFont smaller(QFont font) {
    font.setPointSizeF(font.pointSizeF() * kSmaller);
    return font;
}

} // namespace

PlotWidget::PlotWidget(const QString& chartName, const QString& title, QWidget* parent)
    : QWidget(parent), m_chartName(chartName), m_title(title), m_theme(&themeOf(palette())),
      m_plot(new QCustomPlot(this)) {
    setObjectName(QStringLiteral("plot-") + chartName);
    setAccessibleName(title);
    setFocusPolicy(Qt::StrongFocus);
    setMinimumSize(kSmallest);
    m_plot->setFocusPolicy(Qt::NoFocus);
    m_plot->setPlottingHint(QCP::phFastPolylines);
    m_plot->setLocale(QLocale::c()); // as all numbers of ours are written
    m_plot->setNotAntialiasedElements(QCP::aeNone);
    m_plot->setAutoAddPlottableToLegend(false);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kFocusFrame, kFocusFrame, kFocusFrame, kFocusFrame);
    column->addWidget(m_plot);
    m_mask = new OutsideMask(m_plot);
    connect(m_plot, &QCustomPlot::afterLayout, this, &PlotWidget::partLabels);
    buildTitle();
    m_reader = std::make_unique<PlotReader>(*this);
    m_navigation = new PlotNavigation(*this);
    useTheme(*m_theme);
}

PlotWidget::~PlotWidget() = default;

void PlotWidget::buildTitle() {
    QFont bold = font();
    bold.setWeight(QFont::DemiBold);
    m_titleElement = new QCPTextElement(m_plot, m_title, bold);
    m_subtitleElement = new QCPTextElement(m_plot, QString(), smaller(font()));
    for (QCPTextElement* element : {m_titleElement, m_subtitleElement}) {
        element->setTextFlags(Qt::AlignLeft | Qt::AlignVCenter);
        element->setMargins(QMargins(kPadding, 0, 0, 0));
        element->setLayer(OutsideMask::layerAbove());
    }
    m_titleElement->setMargins(QMargins(kPadding, kTitleHeight, 0, 0));
    m_plot->plotLayout()->setRowSpacing(0);
    m_plot->plotLayout()->insertRow(0);
    m_plot->plotLayout()->addElement(0, 0, m_titleElement);
    m_plot->plotLayout()->insertRow(1);
    m_plot->plotLayout()->addElement(1, 0, m_subtitleElement);
    m_plot->axisRect()->setMinimumMargins(QMargins(kPadding, kPadding, kPadding * 2, kPadding));
}

void PlotWidget::arrange(const QSize& size) {
    // A small chart keeps its data and gives up words.
    const bool compact = size.height() < kCompactBelow;
    showSubtitle(!compact);
    m_width = size.width();
    fitSubtitle();
    m_plot->xAxis->setLabel(compact ? QString() : m_xLabel);
    m_compact = compact;
    showLegend(keepsLegend());
    placeFooter(size);
    const QSize area = size - (compact ? kAroundBareAxes : kAroundAxes);
    m_axesWidth = area.width();
    m_plot->xAxis->ticker()->setTickCount(std::clamp(area.width() / kTickWidth, 2, kMostTicks));
    m_plot->yAxis->ticker()->setTickCount(std::clamp(area.height() / kTickHeight, 2, kMostTicks));
}

void PlotWidget::showSubtitle(bool shown) {
    QCPLayoutGrid* grid = m_plot->plotLayout();
    if (shown == (m_subtitleElement->layout() == grid))
        return;
    if (shown) {
        grid->insertRow(1);
        grid->addElement(1, 0, m_subtitleElement);
    } else {
        grid->take(m_subtitleElement);
        grid->simplify();
    }
    m_subtitleElement->setVisible(shown);
}

void PlotWidget::setFooter(const QString& always, const QString& whereItFits) {
    m_footerText = always;
    m_footerMore = whereItFits;
    QCPLayoutGrid* grid = m_plot->plotLayout();
    if (!m_footer && !always.isEmpty()) {
        m_footer = new PlotFooter(*m_plot);
        m_footer->setLayer(OutsideMask::layerAbove());
        grid->addElement(grid->rowCount(), 0, m_footer);
    }
    placeFooter(size());
}

void PlotWidget::placeFooter(const QSize& size) {
    if (!m_footer)
        return;
    const bool whole = size.height() >= kWholeFooterFrom && !m_footerMore.isEmpty();
    m_footer->setText(whole ? m_footerText + QLatin1Char('\n') + m_footerMore : m_footerText);
    m_footer->setStyle(smallFont(), m_theme->mutedText);
    m_footer->fitTo(size.width());
}

QFont PlotWidget::smallFont() const {
    return smaller(font());
}

void PlotWidget::addItem(QCPAbstractItem* item) {
    m_items.push_back(item);
}

void PlotWidget::setXLabel(const QString& text) {
    m_xLabel = text;
}

void PlotWidget::setSubtitle(const QString& text) {
    m_subtitle = text;
    fitSubtitle();
}

void PlotWidget::fitSubtitle() {
    const QFontMetrics metrics(m_subtitleElement->font());
    m_subtitleElement->setText(
        metrics.elidedText(m_subtitle, Qt::ElideRight, m_width - 2 * kPadding));
}

void PlotWidget::useTheme(const Theme& theme) {
    m_theme = &theme;
    styleAxes(*m_plot, theme, smaller(font()));
    m_mask->setColor(theme.ground);
    m_titleElement->setTextColor(theme.text);
    m_subtitleElement->setTextColor(theme.mutedText);
    m_reader->setTheme(theme, smaller(font()));
    placeFooter(size());
}

void PlotWidget::clearDrawn() {
    m_plot->legend->clearItems();
    m_plot->clearPlottables();
    for (QCPAbstractItem* item : m_items)
        m_plot->removeItem(item);
    m_items.clear();
    m_labels.clear();
    m_notice = nullptr;
}

void PlotWidget::redraw() {
    clearDrawn();
    draw();
    placeNotice();
    showLegend(keepsLegend());
    setAccessibleDescription(description());
    m_reader->refresh();
    repaintSoon();
}

void PlotWidget::repaintSoon() {
    if (m_fitted)
        fitAxes();
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void PlotWidget::fit() {
    m_fitted = true;
    m_navigation->forget();
    repaintSoon();
    emit viewChanged();
}

void PlotWidget::back() {
    if (m_navigation->restore())
        repaintSoon();
    else
        fit();
}

void PlotWidget::showX(double lower, double upper) {
    m_plot->xAxis->setRange(lower, upper);
    handMoved();
}

void PlotWidget::handMoved() {
    m_fitted = false;
    m_plot->replot(QCustomPlot::rpQueuedReplot);
    emit viewChanged();
}

PlotWidget::ValueText PlotWidget::valueText() const {
    return rateLabel;
}

void PlotWidget::setBounds(const QRectF& bounds) {
    m_bounds = bounds;
}

void PlotWidget::setNotice(const QString& text) {
    m_noticeText = text;
}

void PlotWidget::placeNotice() {
    if (m_noticeText.isEmpty())
        return;
    m_notice = new QCPItemText(m_plot);
    m_items.push_back(m_notice);
    m_notice->setClipToAxisRect(false);
    m_notice->setText(m_noticeText);
    m_notice->setColor(m_theme->mutedText);
    m_notice->setFont(font());
    m_notice->position->setType(QCPItemPosition::ptAxisRectRatio);
    m_notice->position->setCoords(0.5, 0.5);
    m_notice->setPositionAlignment(Qt::AlignCenter);
}

QCPItemText* PlotWidget::addLabel(const QString& text, double x, double y, Qt::Alignment anchor,
                                  const QColor& colour) {
    auto* label = new QCPItemText(m_plot);
    m_items.push_back(label);
    m_labels.push_back(label);
    label->setLayer(OutsideMask::layerAbove());
    label->setClipToAxisRect(false);
    label->setText(text);
    label->setColor(colour);
    label->setFont(smaller(font()));
    label->setPadding(QMargins(4, 2, 4, 2));
    QColor behind = m_theme->ground; // lines under a number would make it hard to read
    behind.setAlpha(kBehindText);
    label->setBrush(behind);
    label->setPositionAlignment(anchor);
    label->position->setCoords(x, y);
    return label;
}

void PlotWidget::partLabels() {
    std::vector<QRectF> taken;
    for (QCPItemText* label : m_labels) {
        const QRectF place(label->topLeft->pixelPosition(), label->bottomRight->pixelPosition());
        const bool free = std::none_of(taken.begin(), taken.end(), [&place](const QRectF& other) {
            return other.intersects(place);
        });
        label->setVisible(free);
        if (free)
            taken.push_back(place);
    }
}

void PlotWidget::addVerticalLine(double x, const QPen& pen) {
    auto* line = new QCPItemStraightLine(m_plot);
    m_items.push_back(line);
    line->setPen(pen);
    line->point1->setTypeY(QCPItemPosition::ptAxisRectRatio);
    line->point2->setTypeY(QCPItemPosition::ptAxisRectRatio);
    line->point1->setCoords(x, 1);
    line->point2->setCoords(x, 0);
}

void PlotWidget::addHorizontalLine(double y, const QPen& pen) {
    auto* line = new QCPItemStraightLine(m_plot);
    m_items.push_back(line);
    line->setPen(pen);
    line->point1->setTypeX(QCPItemPosition::ptAxisRectRatio);
    line->point2->setTypeX(QCPItemPosition::ptAxisRectRatio);
    line->point1->setCoords(0, y);
    line->point2->setCoords(1, y);
}

void PlotWidget::showLegend(bool shown) {
    QCPLayoutGrid* grid = m_plot->plotLayout();
    QCPLegend* legend = m_plot->legend;
    if (!shown || m_compact || legend->itemCount() == 0) {
        if (legend->layout() == grid)
            grid->take(legend);
        grid->simplify();
        legend->setVisible(false);
        return;
    }
    if (legend->layout() && legend->layout() != grid)
        legend->layout()->take(legend);
    if (legend->layout() != grid) {
        const int row = grid->rowCount();
        grid->addElement(row, 0, legend);
        grid->setRowStretchFactor(row, 1e-3);
        if (m_footer) { // stays the last
            grid->take(m_footer);
            grid->simplify();
            grid->addElement(grid->rowCount(), 0, m_footer);
        }
    }
    legend->setFillOrder(QCPLayoutGrid::foColumnsFirst);
    legend->setMargins(QMargins(kPadding, 0, kPadding, kPadding / 2));
    legend->setIconSize(kLegendIcon);
    legend->setIconTextPadding(kLegendGap);
    legend->setColumnSpacing(kLegendGap);
    legend->setVisible(true);
}

void PlotWidget::fitTo(const QSize& size) {
    if (!m_fitted)
        return;
    m_plot->setViewport(QRect(QPoint(), size));
    for (const auto phase :
         {QCPLayoutElement::upPreparation, QCPLayoutElement::upMargins, QCPLayoutElement::upLayout})
        m_plot->plotLayout()->update(phase);
    fitAxes();
}

void PlotWidget::paint(QCPPainter& painter, const QRect& target, const Theme& theme) {
    const Theme& before = *m_theme;
    QCPLayer* cursors = m_plot->layer(PlotCursor::layer());
    cursors->setVisible(false);
    useTheme(theme);
    clearDrawn();
    arrange(target.size());
    draw();
    placeNotice();
    showLegend(true);
    const QRect viewport = m_plot->viewport();
    fitTo(target.size());
    painter.save();
    painter.translate(target.topLeft());
    painter.fillRect(QRect(QPoint(), target.size()), theme.ground);
    m_plot->toPainter(&painter, target.width(), target.height());
    painter.restore();
    m_plot->setViewport(viewport);
    cursors->setVisible(true);
    useTheme(before);
    arrange(size());
    redraw();
}

void PlotWidget::showMenu(const QPoint& globalPosition) {
    QMenu menu(this);
    menu.addAction(tr("Fit (Home)"), this, &PlotWidget::fit);
    menu.addAction(tr("Previous view (Backspace)"), this, &PlotWidget::back);
    if (m_reader->pinned())
        menu.addAction(tr("Remove cursors A and B (Delete)"), this, [this] { m_reader->unpin(); });
    addMenuActions(menu);
    menu.addSeparator();
    menu.addAction(tr("Copy chart"), this, &PlotWidget::copyRequested);
    menu.addAction(tr("Export chart…"), this, &PlotWidget::exportRequested);
    menu.exec(globalPosition);
}

void PlotWidget::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || !m_navigation)
        return;
    if (const Theme& now = themeOf(palette()); &now != m_theme) {
        useTheme(now);
        redraw();
    }
}

void PlotWidget::keyPressEvent(QKeyEvent* event) {
    if (!m_navigation->key(*event))
        QWidget::keyPressEvent(event);
}

void PlotWidget::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    m_framed = event->reason() != Qt::MouseFocusReason && event->reason() != Qt::OtherFocusReason &&
               event->reason() != Qt::ActiveWindowFocusReason;
    update();
}

void PlotWidget::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    update();
}

void PlotWidget::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), m_theme->ground);
    if (hasFocus() && m_framed) {
        painter.setPen(QPen(m_theme->accent, kFocusFrame));
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
}

void PlotWidget::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    arrange(event->size());
    fitTo(event->size() - 2 * QSize(kFocusFrame, kFocusFrame));
}

} // namespace decodescope
