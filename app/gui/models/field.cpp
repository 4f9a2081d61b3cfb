// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/field.h"

#include <algorithm>

#include <QCoreApplication>
#include <QLocale>
#include <QRegularExpression>
#include <QStringList>

#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr std::int64_t kMaxLayers = 4096;
constexpr std::int64_t kMaxHeads = 65536;
constexpr std::int64_t kMaxHeadDim = 65536;
constexpr std::int64_t kMaxBatch = 65536;
constexpr std::int64_t kMaxTokens = std::int64_t{1} << 32;
constexpr double kMaxSeconds = 86400;
constexpr std::int64_t kMaxRanks = kMostTensorRanks; // of either kind

QString tr(const char* text) {
    return QCoreApplication::translate("Field", text);
}

QString grouped(std::int64_t value) {
    return QString::fromStdString(formatCount(value));
}

/// A whole number from `least` to `most` into `value`; otherwise what is wrong.
QString parseCount(const QString& text, std::int64_t least, std::int64_t most,
                   std::optional<std::int64_t>& value) {
    // A comma stands before three digits only: "1,5" is not fifteen.
    static const QRegularExpression whole(QStringLiteral("^[+-]?(\\d+|\\d{1,3}(,\\d{3})+)$"));
    bool ok = false;
    QString digits = text.trimmed();
    const bool wellFormed = whole.match(digits).hasMatch();
    digits.remove(QLatin1Char(','));
    const qlonglong number = digits.toLongLong(&ok);
    if (!ok || !wellFormed)
        return tr("“%1” is not a whole number.").arg(text.trimmed());
    if (number < least || number > most)
        return tr("Choose a number from %1 to %2.").arg(grouped(least), grouped(most));
    value = number;
    return {};
}

/// As parseCount(); an empty text takes the typed value back.
QString parseOverride(const QString& text, std::int64_t least, std::int64_t most,
                      std::optional<std::int64_t> own, std::optional<std::int64_t>& value) {
    if (text.trimmed().isEmpty()) {
        value.reset();
        return {};
    }
    std::optional<std::int64_t> typed;
    if (QString message = parseCount(text, least, most, typed); !message.isEmpty())
        return message;
    value = typed == own ? std::nullopt : typed;
    return {};
}

/// With a decimal point, also where it is typed as a comma, as in "1,5 GiB". Before three digits a
/// comma may part thousands as well, so it stays, and is refused.
std::string pointed(const QString& text) {
    static const QRegularExpression comma(QStringLiteral("(\\d+),(\\d+)"));
    const QString plain = text.simplified();
    const QRegularExpressionMatch found = comma.match(plain);
    const bool onlyOne =
        found.hasMatch() && plain.count(QLatin1Char(',')) == 1 && !plain.contains(QLatin1Char('.'));
    const bool clear =
        onlyOne && (found.capturedLength(2) != 3 || found.capturedView(1) == QLatin1String("0"));
    return (clear ? QString(plain).replace(QLatin1Char(','), QLatin1Char('.')) : plain)
        .toStdString();
}

template <typename T, typename Value>
QString take(const Result<T>& parsed, Value& value) {
    if (!parsed)
        return QString::fromStdString(parsed.error().sentence());
    value = *parsed;
    return {};
}

QString parseTokensField(const QString& text, std::vector<std::int64_t>& contexts) {
    QString plain = text.simplified();
    plain.remove(QLatin1Char(' '));
    std::vector<std::int64_t> tokens;
    if (QString message = take(parseTokenList(plain.toStdString()), tokens); !message.isEmpty())
        return message;
    if (tokens.empty())
        return tr("Type at least one context, such as 8K or 1K-32K*2.");
    for (const std::int64_t each : tokens)
        if (each < 1 || each > kMaxTokens)
            return tr("A context is from 1 to %1 tokens.").arg(grouped(kMaxTokens));
    std::sort(tokens.begin(), tokens.end());
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    contexts = std::move(tokens);
    return {};
}

QString parseCounts(const QString& text, std::int64_t most, std::vector<std::int64_t>& values) {
    std::vector<std::int64_t> counts;
    const QStringList parts = text.split(QLatin1Char(','), Qt::SkipEmptyParts);
    for (const QString& part : parts) {
        if (part.trimmed().isEmpty())
            continue;
        std::optional<std::int64_t> count;
        if (QString message = parseCount(part, 1, most, count); !message.isEmpty())
            return message;
        if (std::find(counts.begin(), counts.end(), *count) == counts.end())
            counts.push_back(*count);
    }
    values = std::move(counts);
    return {};
}

/// By hand, or with an empty text as the engine has it.
QString parseReserve(const QString& text, Configuration& configuration) {
    double fraction = Workload().reserveFraction;
    const bool byHand = !text.trimmed().isEmpty();
    if (byHand)
        if (QString message = take(parseFraction(pointed(text)), fraction); !message.isEmpty())
            return message;
    configuration.workload.reserveFraction = fraction;
    configuration.deployment.reserveByHand = byHand;
    return {};
}

/// A model that says itself which layers share a cache keeps to that.
QString parseLayersPerCache(const QString& text, const ModelSpec& model,
                            std::optional<std::int64_t>& value) {
    const std::optional<std::int64_t> own = layersPerCache(model);
    return parseOverride(own == 1 ? text : QString(), 1, kMaxLayers, own, value);
}

QString parseEfficiency(const QString& text, std::optional<RateRange>& efficiency) {
    if (text.trimmed().isEmpty()) {
        efficiency.reset();
        return {};
    }
    RateRange range;
    if (QString message = take(parseRateRange(pointed(text)), range); !message.isEmpty())
        return message;
    efficiency = range;
    return {};
}

QString parseRanks(const QString& text, std::int64_t& ranks) {
    std::optional<std::int64_t> typed;
    QString message = parseCount(text, 1, kMaxRanks, typed);
    if (message.isEmpty())
        ranks = *typed;
    return message;
}

QString parseSeconds(const QString& text, double& seconds) {
    QString number = QString::fromStdString(pointed(text));
    if (number.endsWith(QLatin1Char('s')))
        number.chop(1);
    bool ok = false;
    const double value = QLocale::c().toDouble(number.trimmed(), &ok);
    if (!ok || !(value >= 1 && value <= kMaxSeconds))
        return tr("Type a time from 1 to %1 seconds.").arg(grouped(std::int64_t{86400}));
    seconds = value;
    return {};
}

QString parseMemory(const QString& text, std::optional<std::uint64_t>& bytes) {
    if (text.trimmed().isEmpty()) {
        bytes.reset();
        return {};
    }
    std::uint64_t value = 0;
    if (QString message = take(parseBytes(pointed(text)), value); !message.isEmpty())
        return message;
    if (value == 0)
        return tr("A device without memory holds nothing: type 24 GiB, for instance.");
    bytes = value;
    return {};
}

/// An empty text takes the usual rate back.
QString parsePcieRate(const QString& text, double& rate) {
    double typed = AnswerAssumptions().pcieBytesPerSecond;
    if (!text.trimmed().isEmpty())
        if (QString message = take(parseByteRate(pointed(text)), typed); !message.isEmpty())
            return message;
    rate = typed;
    return {};
}

QString joined(const std::vector<std::int64_t>& values) {
    QStringList parts;
    for (const std::int64_t value : values)
        parts << QString::number(value);
    return parts.join(QStringLiteral(", "));
}

QString joinedTokens(const std::vector<std::int64_t>& values) {
    QStringList parts;
    for (const std::int64_t value : values)
        parts << (value % 1024 == 0 ? QString::fromStdString(formatTokensShort(value))
                                    : QString::number(value));
    return parts.join(QStringLiteral(", "));
}

QString divisors(std::int64_t number) {
    QStringList parts;
    for (std::int64_t each = 1; each <= number; ++each)
        if (number % each == 0)
            parts << QString::number(each);
    return parts.join(QStringLiteral(", "));
}

} // namespace

QString applyField(Field field, const QString& text, Configuration& configuration) {
    ShapeOverrides& shape = configuration.shape;
    Workload& workload = configuration.workload;
    const LayerSpec* layer = configuration.model.attentionLayer();
    const auto own = [&](std::int64_t LayerSpec::*member) -> std::optional<std::int64_t> {
        return layer ? std::optional(layer->*member) : std::nullopt;
    };
    switch (field) {
    case Field::Layers:
        return parseOverride(text, 1, kMaxLayers, configuration.model.layerCount(), shape.layers);
    case Field::Heads:
        return parseOverride(text, 1, kMaxHeads, own(&LayerSpec::nHeads), shape.nHeads);
    case Field::KvHeads:
        return parseOverride(text, 1, kMaxHeads, own(&LayerSpec::nKvHeads), shape.nKvHeads);
    case Field::HeadDim:
        return parseOverride(text, 1, kMaxHeadDim, own(&LayerSpec::headDimK), shape.headDim);
    case Field::Window:
        return parseOverride(text, 0, kMaxTokens, own(&LayerSpec::window), shape.window);
    case Field::Memory:
        return parseMemory(text, configuration.memoryBytes);
    case Field::Reserve:
        return parseReserve(text, configuration);
    case Field::Efficiency:
        return parseEfficiency(text, configuration.efficiency);
    case Field::TensorParallel:
        return parseRanks(text, configuration.deployment.tensorParallel);
    case Field::PipelineParallel:
        return parseRanks(text, configuration.deployment.pipelineParallel);
    case Field::Contexts:
        return parseTokensField(text, workload.contexts);
    case Field::Batches: {
        std::vector<std::int64_t> batches;
        if (QString message = parseCounts(text, kMaxBatch, batches); !message.isEmpty())
            return message;
        if (batches.empty())
            return tr("Type at least one batch, such as 1.");
        workload.batches = std::move(batches);
        return {};
    }
    case Field::TimeBudget:
        return parseSeconds(text, workload.maxSeconds);
    case Field::ExtraKvHeads:
        return parseCounts(text, kMaxHeads, configuration.extraKvHeads);
    case Field::PcieRate:
        return parsePcieRate(text, configuration.assumptions.pcieBytesPerSecond);
    case Field::LayersPerCache:
        return parseLayersPerCache(text, configuration.model, shape.layersPerCache);
    }
    return {};
}

QString fieldText(Field field, const Configuration& configuration) {
    const LayerSpec* layer = configuration.model.attentionLayer();
    const ShapeOverrides& shape = configuration.shape;
    const Workload& workload = configuration.workload;
    const auto number = [](std::optional<std::int64_t> typed, std::int64_t own) {
        return QString::number(typed.value_or(own));
    };
    switch (field) {
    case Field::Layers:
        return number(shape.layers, configuration.model.layerCount());
    case Field::Heads:
        return number(shape.nHeads, layer ? layer->nHeads : 0);
    case Field::KvHeads:
        return number(shape.nKvHeads, layer ? layer->nKvHeads : 0);
    case Field::HeadDim:
        return number(shape.headDim, layer ? layer->headDimK : 0);
    case Field::Window:
        return number(shape.window, layer ? layer->window : 0);
    case Field::Memory:
        return configuration.memoryBytes
                   ? QString::fromStdString(formatBytes(*configuration.memoryBytes))
                   : QString();
    case Field::Reserve:
        if (!configuration.deployment.reserveByHand && !configuration.deployment.engine.isIdeal())
            return {};
        return QStringLiteral("%1%").arg(
            QLocale::c().toString(workload.reserveFraction * 100, 'g', 4));
    case Field::Efficiency:
        return configuration.efficiency
                   ? QString::fromStdString(formatRateRange(*configuration.efficiency))
                   : QString();
    case Field::TensorParallel:
        return QString::number(configuration.deployment.tensorParallel);
    case Field::PipelineParallel:
        return QString::number(configuration.deployment.pipelineParallel);
    case Field::Contexts:
        return joinedTokens(workload.contexts);
    case Field::Batches:
        return joined(workload.batches);
    case Field::TimeBudget:
        return QStringLiteral("%1 s").arg(QLocale::c().toString(workload.maxSeconds, 'g', 6));
    case Field::ExtraKvHeads:
        return joined(configuration.extraKvHeads);
    case Field::PcieRate:
        return QStringLiteral("%1 GB/s").arg(
            QLocale::c().toString(configuration.assumptions.pcieBytesPerSecond / 1e9, 'g', 4));
    case Field::LayersPerCache: {
        const auto own = layersPerCache(configuration.model);
        return own ? number(shape.layersPerCache, *own) : QString();
    }
    }
    return {};
}

QString crossFieldMessage(Field field, const Configuration& configuration) {
    const std::int64_t layers =
        configuration.shape.layers.value_or(configuration.model.layerCount());
    if (field == Field::PipelineParallel) {
        if (configuration.deployment.pipelineParallel > layers)
            return tr("Pipeline ranks divide the layers, and there are %1: planned with %1.")
                .arg(grouped(layers));
        return {};
    }
    if (field == Field::LayersPerCache) {
        const std::int64_t shared = configuration.shape.layersPerCache.value_or(1);
        if (shared > layers)
            return tr("%1 layers cannot share a cache: there are %2.")
                .arg(grouped(shared), grouped(layers));
        return {};
    }
    const LayerSpec* layer = configuration.model.attentionLayer();
    if (!layer || layer->attention != AttentionKind::Softmax)
        return {};
    const std::int64_t heads = configuration.shape.nHeads.value_or(layer->nHeads);
    const std::int64_t kvHeads = configuration.shape.nKvHeads.value_or(layer->nKvHeads);
    if (heads < 1 || kvHeads < 1)
        return {};
    const auto sentence = [&](std::int64_t count) {
        return tr("%1 KV heads do not divide %2 query heads. Try one of %3.")
            .arg(grouped(count), grouped(heads), divisors(heads));
    };
    if (field == Field::KvHeads && heads % kvHeads != 0)
        return sentence(kvHeads);
    if (field == Field::ExtraKvHeads)
        for (const std::int64_t count : configuration.extraKvHeads)
            if (heads % count != 0)
                return sentence(count);
    return {};
}

} // namespace decodescope
