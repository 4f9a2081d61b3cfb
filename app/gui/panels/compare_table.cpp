// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/compare_table.h"

#include <cmath>

#include <QCoreApplication>

#include "app/gui/panels/overview_text.h"
#include "app/gui/plots/compare_data.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr int kNamed = 3; // of what is not compared: the table has all
const QString kNothing = QStringLiteral("–");

QString tr(const char* text) {
    return QCoreApplication::translate("CompareTable", text);
}

QString plain(const std::string& text) {
    return QString::fromStdString(text);
}

QString verdictText(Verdict verdict) {
    switch (verdict) {
    case Verdict::Faster:
        return changeText(Change::Faster);
    case Verdict::Slower:
        return changeText(Change::Slower);
    case Verdict::NoDifference:
        return changeText(Change::NoDifference);
    case Verdict::NotComparable:
        return changeText(Change::NotComparable);
    case Verdict::OnlyInA:
        return tr("only in A");
    case Verdict::OnlyInB:
        return tr("only in B");
    }
    return {};
}

QString speedOf(const std::optional<ComparedPoint>& point) {
    return point && point->tpotMs > 0 ? rateText(point->tokensPerSecond()) : kNothing;
}

QString differenceOf(const ComparedPair& pair) {
    if (!(pair.ratio > 0))
        return kNothing;
    const double difference = pair.b->tokensPerSecond() - pair.a->tokensPerSecond();
    const QString sign = difference < 0 ? QStringLiteral("−") : QStringLiteral("+");
    return sign + rateText(std::abs(difference));
}

QString intervalOf(const ComparedPair& pair) {
    const Interval& interval = pair.ratioInterval;
    if (!(pair.ratio > 0) || !(interval.low > 0) || !std::isfinite(interval.high) ||
        !(interval.low < interval.high))
        return kNothing;
    return tr("%1 to %2").arg(ratioText(1 / interval.high), ratioText(1 / interval.low));
}

QString notesOf(const ComparedPair& pair) {
    QStringList notes;
    for (const std::string& note : pair.notes)
        notes << plain(note);
    return notes.join(QStringLiteral("; "));
}

} // namespace

TableData compareTable(const Comparison& comparison) {
    TableData table;
    table.columns = {{tr("Attention"), ColumnKind::Words},
                     {tr("Step"), ColumnKind::Words},
                     {tr("Context")},
                     {tr("Batch")},
                     {tr("A: baseline,\ntokens/s")},
                     {tr("B: now,\ntokens/s")},
                     {tr("B − A,\ntokens/s")},
                     {tr("B / A")},
                     {tr("95 % interval")},
                     {tr("B is"), ColumnKind::Words},
                     {tr("Notes"), ColumnKind::Words}};
    for (const ComparedPair& pair : comparison.pairs) {
        const StepConfiguration& c = pair.configuration();
        table.rows.push_back(
            {plain(c.variant), c.scope == Scope::Step ? tr("whole") : tr("attention"),
             countText(c.context), countText(c.batch), speedOf(pair.a), speedOf(pair.b),
             differenceOf(pair), pair.ratio > 0 ? ratioText(1 / pair.ratio) : kNothing,
             intervalOf(pair), verdictText(pair.verdict), notesOf(pair)});
    }
    return table;
}

QString notComparedText(const Comparison& comparison) {
    QStringList lines;
    int more = 0;
    for (const ComparedPair& pair : comparison.pairs) {
        const bool compared = pair.verdict == Verdict::Faster || pair.verdict == Verdict::Slower ||
                              pair.verdict == Verdict::NoDifference;
        if (compared)
            continue;
        if (lines.size() == kNamed) {
            ++more;
            continue;
        }
        const QString why = pair.notes.empty() ? verdictText(pair.verdict) : notesOf(pair);
        lines << tr("Not compared: %1: %2").arg(plain(label(pair.configuration())), why);
    }
    if (more > 0)
        lines << tr("… and %1 more: the table has all.").arg(more);
    for (const std::string& note : comparison.notes)
        lines << plain(note);
    return lines.join(QLatin1Char('\n'));
}

} // namespace decodescope
