// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/roofline_list.h"

#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

#include "app/gui/plots/roofline_plot.h"
#include "app/gui/theme/marks.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kMarkRoom = 20;

QLabel* line(QWidget* parent, const char* name, TextSize size, bool muted) {
    auto* label = new QLabel(parent);
    label->setObjectName(QString::fromLatin1(name));
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setFont(textFont(size));
    if (muted)
        label->setForegroundRole(QPalette::PlaceholderText);
    return label;
}

} // namespace

/// A mark as in the chart, and beside it what it is, what bounds it, and the numbers.
class RooflineRow : public QWidget {
public:
    explicit RooflineRow(QWidget* parent)
        : QWidget(parent), m_title(line(this, "rooflineTitle", TextSize::Heading, false)),
          m_bound(line(this, "rooflineBound", TextSize::Note, false)),
          m_numbers(line(this, "rooflineNumbers", TextSize::Note, true)) {
        setObjectName(QStringLiteral("rooflineRow"));
        auto* column = new QVBoxLayout(this);
        column->setContentsMargins(kMarkRoom + kHalfStep, 2, 0, 0);
        column->setSpacing(1);
        column->addWidget(m_title);
        column->addWidget(m_bound);
        column->addWidget(m_numbers);
    }

    void setPoint(const RooflineData& roofline, const RooflinePoint& point) {
        m_point = point;
        m_slot = roofline.variants[static_cast<std::size_t>(point.variant)].slot;
        m_title->setText(pointTitle(roofline, point));
        QStringList answer;
        if (!point.bound.isEmpty())
            answer << point.bound;
        if (point.cacheResident)
            answer << RooflineList::tr("cache-resident");
        m_bound->setText(answer.join(QStringLiteral(", ")));
        m_bound->setVisible(!answer.isEmpty());
        QStringList numbers{pointNumbers(point)};
        if (!point.evidence.isEmpty())
            numbers << point.evidence;
        numbers << pointOrigin(point);
        m_numbers->setText(numbers.join(QStringLiteral(" · ")));
        setAccessibleName(m_title->text());
        setAccessibleDescription(m_bound->text() + QStringLiteral(". ") + m_numbers->text());
        update();
    }

protected:
    void paintEvent(QPaintEvent*) override {
        const Theme& theme = themeOf(palette());
        QPainter painter(this);
        drawMark(painter, {kMarkRoom / 2.0, m_title->geometry().center().y() + 0.5},
                 RooflinePlot::markSize(m_point.part), marker(m_slot), theme.colour(m_slot),
                 m_point.measured);
    }

private:
    RooflinePoint m_point;
    SeriesSlot m_slot = SeriesSlot::Extra;
    QLabel* m_title;
    QLabel* m_bound;
    QLabel* m_numbers;
};

RooflineList::RooflineList(QWidget* parent) : QScrollArea(parent) {
    setObjectName(QStringLiteral("rooflineList"));
    setAccessibleName(tr("What bounds each point"));
    setFrameShape(NoFrame);
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFocusPolicy(Qt::StrongFocus); // the arrows scroll it
    auto* content = new QWidget(this);
    m_column = new QVBoxLayout(content);
    m_column->setContentsMargins(kStep, kHalfStep, kStep, kStep);
    m_column->setSpacing(kStep);
    auto* heading = new QLabel(tr("What bounds each point"), content);
    heading->setFont(textFont(TextSize::Heading));
    m_column->addWidget(heading);
    m_column->addStretch(1);
    setWidget(content);
    content->setAutoFillBackground(false);
    viewport()->setAutoFillBackground(false);
}

void RooflineList::setPoints(const RooflineData& roofline,
                             const std::vector<RooflinePoint>& points) {
    while (m_rows.size() > points.size()) {
        delete m_rows.back();
        m_rows.pop_back();
    }
    while (m_rows.size() < points.size()) {
        m_rows.push_back(new RooflineRow(widget()));
        m_column->insertWidget(m_column->count() - 1, m_rows.back());
    }
    for (std::size_t i = 0; i < points.size(); ++i)
        m_rows[i]->setPoint(roofline, points[i]);
}

} // namespace decodescope
