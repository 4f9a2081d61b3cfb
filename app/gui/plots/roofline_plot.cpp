// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/roofline_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/line_label.h"
#include "app/gui/plots/plot_style.h"
#include "app/gui/plots/point_labels.h"
#include "app/gui/plots/si_text.h"

namespace decodescope {
namespace {

constexpr QRectF kBounds(QPointF(1e-6, 1), QPointF(1e9, 1e21)); // FLOP/B and FLOP/s
constexpr double kThinLine = 1.2;
constexpr double kReach = 14; // px: how near a point must be to be read
constexpr int kMostRead = 4;  // points that lie upon each other
constexpr double kRoomBeside = 3;
constexpr double kRoomAbove = 2.5;
constexpr double kArrowWidth = 1.5;
constexpr double kTrailDot = 3;

/// Ticks in FLOP/s with their prefix: "10 G".
class RateTicker : public DecadeTicker {
protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override {
        return siText(tick, {});
    }
};

} // namespace

RooflinePlot::RooflinePlot(QWidget* parent)
    : PlotWidget(QStringLiteral("roofline"), tr("Roofline"), parent) {
    for (QCPAxis* axis : {plot().xAxis, plot().yAxis})
        axis->setScaleType(QCPAxis::stLogarithmic);
    plot().xAxis->setTicker(QSharedPointer<DecadeTicker>::create());
    plot().yAxis->setTicker(QSharedPointer<RateTicker>::create());
    plot().yAxis->setLabel(tr("FLOP/s"));
    setXLabel(tr("Arithmetic intensity (FLOP/byte)"));
    setBounds(kBounds);
}

void RooflinePlot::setRoofline(const RooflineData& roofline) {
    m_data = roofline;
    redraw();
}

void RooflinePlot::setNewTokens(int tokens) {
    m_newTokens = std::clamp(tokens, 1, kMostNewTokens);
    redraw();
}

void RooflinePlot::setPartShown(StepPart part, bool shown) {
    if (shown)
        m_hidden.erase(part);
    else
        m_hidden.insert(part);
    redraw();
}

double RooflinePlot::markSize(StepPart part) {
    switch (part) {
    case StepPart::Attention:
        return 10;
    case StepPart::Linear:
        return 5;
    case StepPart::Whole:
        break;
    }
    return 16;
}

bool RooflinePlot::shows(const RooflinePoint& point) const {
    return m_data.variants[static_cast<std::size_t>(point.variant)].visible &&
           !m_hidden.contains(point.part);
}

SeriesSlot RooflinePlot::slotOf(const RooflinePoint& point) const {
    return m_data.variants[static_cast<std::size_t>(point.variant)].slot;
}

std::vector<RooflinePoint> RooflinePlot::shownPoints() const {
    std::vector<RooflinePoint> points;
    const auto take = [&](const RooflinePoint& point) {
        if (shows(point))
            points.push_back(point);
    };
    for (const std::vector<RooflinePoint>& path : m_data.predicted)
        for (const RooflinePoint& point : path)
            if (point.newTokens == m_newTokens)
                take(point);
    std::for_each(m_data.measured.begin(), m_data.measured.end(), take);
    std::stable_sort(points.begin(), points.end(), [](const auto& a, const auto& b) {
        return markSize(a.part) > markSize(b.part);
    });
    return points;
}

double RooflinePlot::fastest(bool bandwidth, bool measured) const {
    double rate = 0;
    for (const Roof& roof : m_data.roofs)
        if (roof.bandwidth == bandwidth && roof.measured == measured)
            rate = std::max(rate, roof.perSecond);
    return rate;
}

void RooflinePlot::draw() {
    setSubtitle(m_data.subtitle);
    std::vector<const LineLabel*> texts;
    for (const Roof& roof : roofsInOrder())
        drawRoof(roof, texts);
    drawRidge();
    drawTrails();
    drawBaseline();
    drawPoints();
}

/// A slope ends, and a flat roof begins, where it meets the highest of the other kind.
std::pair<QPointF, QPointF> RooflinePlot::lineOf(const Roof& roof) const {
    double other = fastest(!roof.bandwidth, roof.measured);
    if (other == 0)
        other = fastest(!roof.bandwidth, !roof.measured);
    const double left = kBounds.left();
    const double right = kBounds.right();
    if (roof.bandwidth) {
        const double end = other > 0 ? other / roof.perSecond : right;
        return {{left, left * roof.perSecond}, {end, end * roof.perSecond}};
    }
    return {{other > 0 ? roof.perSecond / other : left, roof.perSecond}, {right, roof.perSecond}};
}

void RooflinePlot::drawRoof(const Roof& roof, std::vector<const LineLabel*>& texts) {
    const auto [from, to] = lineOf(roof);
    const QColor colour = roof.main ? theme().text : theme().mutedText;
    QPen pen(colour, roof.main ? kLineWidth : kThinLine);
    if (!roof.measured)
        pen.setDashPattern({6, 4});
    QCPGraph* line = plot().addGraph();
    line->setName(roofText(roof));
    line->setPen(pen);
    line->addData({from.x(), to.x()}, {from.y(), to.y()});
    auto* label = new LineLabel(plot(), roofText(roof), from, to);
    addItem(label);
    label->setStyle(smallFont(), colour, theme().ground);
    // Measured slopes are named where they begin, flat roofs and datasheets where they end.
    label->setPlace(roof.bandwidth && roof.measured ? LineLabel::Place::Start
                                                    : LineLabel::Place::End,
                    roof.bandwidth && roof.main && roof.measured ? LineLabel::Side::Below
                                                                 : LineLabel::Side::Above);
    label->setMarks(marks());
    std::vector<std::pair<QPointF, QPointF>> lines;
    for (const Roof& each : m_data.roofs)
        if (const auto other = lineOf(each); other != lineOf(roof))
            lines.push_back(other);
    label->setLines(std::move(lines));
    label->setOthers(texts);
    texts.push_back(label);
}

/// The main roofs first: their names take the best places.
std::vector<Roof> RooflinePlot::roofsInOrder() const {
    std::vector<Roof> roofs = m_data.roofs;
    std::stable_partition(roofs.begin(), roofs.end(), [](const Roof& roof) { return roof.main; });
    return roofs;
}

std::vector<std::pair<QPointF, double>> RooflinePlot::marks() const {
    std::vector<std::pair<QPointF, double>> all;
    const auto take = [&all](const RooflinePoint& point) {
        all.push_back({{point.intensity, point.flopPerSecond}, markSize(point.part)});
    };
    const std::vector<RooflinePoint> points = shownPoints();
    std::for_each(points.begin(), points.end(), take);
    for (const RooflinePoint& point : m_data.baseline)
        if (shows(point))
            take(point);
    return all;
}

void RooflinePlot::drawRidge() {
    if (!m_data.main.known())
        return;
    const double ridge = m_data.main.ridge();
    addVerticalLine(ridge, QPen(theme().axis, 1, Qt::DotLine));
    QCPItemText* label = addLabel(tr("ridge %1 FLOP/B").arg(intensityText(ridge)), ridge, 1,
                                  Qt::AlignBottom | Qt::AlignLeft, theme().mutedText);
    label->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
    label->position->setCoords(ridge, 1);
    label->setClipToAxisRect(true);
}

void RooflinePlot::drawTrails() {
    if (m_newTokens == 1)
        return;
    for (const std::vector<RooflinePoint>& path : m_data.predicted) {
        if (path.empty() || !shows(path.front()))
            continue;
        const QColor colour = theme().colour(slotOf(path.front()));
        // A curve: with experts the intensity need not rise with every token.
        auto* trail = new QCPCurve(plot().xAxis, plot().yAxis);
        trail->setPen(QPen(colour, kThinLine, Qt::DotLine));
        trail->setScatterStyle({QCPScatterStyle::ssDisc, colour, kTrailDot});
        for (const RooflinePoint& point : path)
            if (point.newTokens <= m_newTokens)
                trail->addData(static_cast<double>(point.newTokens), point.intensity,
                               point.flopPerSecond);
    }
}

void RooflinePlot::drawBaseline() {
    for (const RooflinePoint& before : m_data.baseline) {
        if (!shows(before))
            continue;
        QCPScatterStyle style =
            scatterStyle(theme(), slotOf(before), MarkerFill::Hollow, markSize(before.part));
        style.setPen(QPen(theme().mutedText, kThinLine));
        QCPGraph* mark = plot().addGraph();
        mark->setLineStyle(QCPGraph::lsNone);
        mark->setScatterStyle(style);
        mark->addData(before.intensity, before.flopPerSecond);
        for (const RooflinePoint& now : m_data.measured) {
            if (now.variant != before.variant || now.part != before.part)
                continue;
            auto* arrow = new QCPItemLine(&plot());
            addItem(arrow);
            arrow->start->setCoords(before.intensity, before.flopPerSecond);
            arrow->end->setCoords(now.intensity, now.flopPerSecond);
            arrow->setPen(QPen(theme().colour(slotOf(now)), kArrowWidth));
            arrow->setHead(QCPLineEnding(QCPLineEnding::esSpikeArrow, 9, 10));
        }
    }
}

void RooflinePlot::drawPoints() {
    std::vector<PointLabel> labels;
    std::vector<QPointF> marks;
    for (const RooflinePoint& point : shownPoints()) {
        QCPGraph* mark = plot().addGraph();
        mark->setName(pointTitle(m_data, point));
        mark->setLineStyle(QCPGraph::lsNone);
        mark->setScatterStyle(scatterStyle(theme(), slotOf(point),
                                           point.measured ? MarkerFill::Solid : MarkerFill::Hollow,
                                           markSize(point.part)));
        mark->addData(point.intensity, point.flopPerSecond);
        const QPointF at(point.intensity, point.flopPerSecond);
        marks.push_back(at);
        if (point.cacheResident)
            labels.push_back({at, tr("cache-resident"), theme().mutedText});
    }
    auto* texts = new PointLabels(plot());
    addItem(texts);
    texts->setFont(smallFont());
    texts->setLabels(std::move(labels));
    texts->setMarks(std::move(marks), markSize(StepPart::Whole));
}

void RooflinePlot::fitAxes() {
    double left = std::numeric_limits<double>::infinity();
    double right = 0;
    double bottom = std::numeric_limits<double>::infinity();
    double top = 0;
    const auto take = [&](double intensity, double rate) {
        left = std::min(left, intensity);
        right = std::max(right, intensity);
        bottom = std::min(bottom, rate);
        top = std::max(top, rate);
    };
    for (const RooflinePoint& point : shownPoints())
        take(point.intensity, point.flopPerSecond);
    for (const RooflinePoint& point : m_data.baseline)
        if (shows(point))
            take(point.intensity, point.flopPerSecond);
    for (const bool measured : {true, false})
        if (const double flop = fastest(false, measured), bytes = fastest(true, measured);
            flop > 0 && bytes > 0)
            take(flop / bytes, flop);
    if (m_data.main.known())
        take(m_data.main.ridge(), m_data.main.flopPerSecond);
    if (!(top > 0)) { // at most a slope
        const double bytes = std::max({fastest(true, true), fastest(true, false), 1.0});
        take(0.1, 0.1 * bytes);
        take(100, 100 * bytes);
    }
    plot().xAxis->setRange(left / kRoomBeside, right * kRoomBeside);
    plot().yAxis->setRange(bottom / kRoomBeside, top * kRoomAbove);
}

double RooflinePlot::pixelsFrom(const RooflinePoint& point, double x, double y) const {
    return std::hypot(plot().xAxis->coordToPixel(point.intensity) - plot().xAxis->coordToPixel(x),
                      plot().yAxis->coordToPixel(point.flopPerSecond) -
                          plot().yAxis->coordToPixel(y));
}

std::vector<RooflinePoint> RooflinePlot::near(double x, double y) const {
    std::vector<RooflinePoint> points = shownPoints();
    std::erase_if(points, [&](const auto& point) { return pixelsFrom(point, x, y) > kReach; });
    std::stable_sort(points.begin(), points.end(), [&](const auto& a, const auto& b) {
        return pixelsFrom(a, x, y) < pixelsFrom(b, x, y);
    });
    if (points.size() > kMostRead)
        points.resize(kMostRead);
    return points;
}

PlotReadings RooflinePlot::readingsAt(double x, double y) const {
    const std::vector<RooflinePoint> points = near(x, y);
    if (points.empty())
        return {};
    const RooflinePoint& point = points.front();
    return {tr("%1 FLOP/B").arg(intensityText(point.intensity)),
            point.intensity,
            {{pointTitle(m_data, point), point.flopPerSecond}}};
}

PlotWidget::ValueText RooflinePlot::valueText() const {
    return [](double rate) { return siText(rate, QStringLiteral("FLOP/s")); };
}

QString RooflinePlot::readAt(double x, double y) const {
    const std::vector<RooflinePoint> points = near(x, y);
    QStringList lines;
    for (const RooflinePoint& point : points) {
        lines << tr("%1, %2").arg(pointTitle(m_data, point), pointOrigin(point));
        lines << pointNumbers(point);
        if (!point.bound.isEmpty() && points.size() == 1)
            lines << tr("%1: %2").arg(point.bound, point.evidence);
    }
    if (lines.isEmpty() && m_data.main.known() && x > 0)
        lines << tr("%1 FLOP/B: at most %2")
                     .arg(intensityText(x), siText(attainableFlopPerSecond(m_data.main, x),
                                                   QStringLiteral("FLOP/s")));
    return lines.join(QLatin1Char('\n'));
}

QString RooflinePlot::description() const {
    QStringList parts;
    if (m_data.main.known())
        parts << tr("%1 turns from memory to arithmetic at %2 FLOP per byte")
                     .arg(m_data.deviceName, intensityText(m_data.main.ridge()));
    for (const RooflinePoint& point : bestKnown(m_data, m_newTokens))
        if (!m_hidden.contains(point.part))
            parts << tr("%1 at %2%3")
                         .arg(pointTitle(m_data, point), pointNumbers(point),
                              point.bound.isEmpty() ? QString()
                                                    : QStringLiteral(", ") + point.bound);
    return parts.join(QStringLiteral("; "));
}

} // namespace decodescope
