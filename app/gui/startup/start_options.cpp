// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/startup/start_options.h"

#include <functional>
#include <map>

#include <QCoreApplication>
#include <QLocale>

namespace decodescope {
namespace {

constexpr double kMostDotsPerInch = 2400;
const QString kCompare = QStringLiteral("--compare");

/// "1200x750"; an empty size where it is something else.
QSize parseSize(const QString& text) {
    const QStringList sides = text.toLower().split(QLatin1Char('x'));
    bool wide = false;
    bool high = false;
    if (sides.size() != 2)
        return {};
    const QSize size(sides[0].toInt(&wide), sides[1].toInt(&high));
    return wide && high && size.width() > 0 && size.height() > 0 ? size : QSize();
}

/// Options that take a value: each stores it and says what it needs where it is wrong.
using ValueOption = std::function<QString(const QString& value)>;

std::map<QString, ValueOption> valueOptions(StartOptions& options, ExportOptions& exported,
                                            bool& styled) {
    return {
        {QStringLiteral("--screenshot"),
         [&options](const QString& value) {
             options.screenshot = value;
             return value.isEmpty() ? QStringLiteral("needs a file") : QString();
         }},
        {QStringLiteral("--after"),
         [&options](const QString& value) {
             bool ok = false;
             options.screenshotAfterMs = value.toInt(&ok);
             return ok && options.screenshotAfterMs >= 0
                        ? QString()
                        : QStringLiteral("needs a number of milliseconds");
         }},
        {QStringLiteral("--export"),
         [&exported](const QString& value) {
             exported.file = value;
             return value.isEmpty() ? QStringLiteral("needs a file") : QString();
         }},
        {QStringLiteral("--chart"),
         [&exported, &styled](const QString& value) {
             styled = true;
             exported.chart = value;
             return value.isEmpty() ? QStringLiteral("needs the name of a chart") : QString();
         }},
        {QStringLiteral("--size"),
         [&exported, &styled](const QString& value) {
             styled = true;
             exported.size = parseSize(value);
             return exported.size.isEmpty() ? QStringLiteral("needs a size such as 1200x750")
                                            : QString();
         }},
        {QStringLiteral("--dpi"),
         [&exported, &styled](const QString& value) {
             bool ok = false;
             styled = true;
             exported.dotsPerInch = QLocale::c().toDouble(value, &ok);
             return ok && exported.dotsPerInch >= 1 && exported.dotsPerInch <= kMostDotsPerInch
                        ? QString()
                        : QStringLiteral("needs a number of dots per inch from 1 to 2400");
         }},
        {QStringLiteral("--theme"),
         [&exported, &styled](const QString& value) {
             styled = true;
             exported.dark = value == QLatin1String("dark");
             return exported.dark || value == QLatin1String("light")
                        ? QString()
                        : QStringLiteral("is light or dark");
         }},
    };
}

Error wrong(const QString& what, const QString& where) {
    return {ErrorCode::BadUsage, what.toStdString(), where.toStdString(), "See decodescope --help"};
}

} // namespace

Result<StartOptions> parseStartOptions(const QStringList& arguments) {
    StartOptions options;
    ExportOptions exported;
    bool styled = false;
    const std::map<QString, ValueOption> withValue = valueOptions(options, exported, styled);
    const std::map<QString, std::pair<bool*, bool>> flags = {
        {QStringLiteral("--version"), {&options.version, true}},
        {QStringLiteral("--help"), {&options.help, true}},
        {QStringLiteral("-h"), {&options.help, true}},
        {QStringLiteral("--no-quick-look"), {&options.quickLook, false}},
    };
    for (qsizetype i = 0; i < arguments.size(); ++i) {
        const QString& each = arguments[i];
        if (const auto flag = flags.find(each); flag != flags.end()) {
            *flag->second.first = flag->second.second;
        } else if (const auto option = withValue.find(each); option != withValue.end()) {
            const QString value = i + 1 < arguments.size() ? arguments[++i] : QString();
            if (const QString problem = option->second(value); !problem.isEmpty())
                return wrong(problem, each);
        } else if (each == kCompare) {
            options.compared = arguments.mid(i + 1, 2);
            if (options.compared.size() < 2)
                return wrong(QStringLiteral("needs two files: the baseline and what is held "
                                            "against it"),
                             each);
            i += 2;
        } else if (each.startsWith(QLatin1Char('-')) && each.size() > 1) {
            return wrong(QStringLiteral("is no option of decodescope"), each);
        } else {
            options.files << each;
        }
    }
    if (!exported.file.isEmpty())
        options.exported = exported;
    else if (styled)
        return wrong(QStringLiteral("says how to draw, but not where to"),
                     QStringLiteral("--chart, --size, --dpi and --theme go with --export"));
    return options;
}

QString helpText() {
    return QCoreApplication::translate(
        "StartOptions",
        "decodescope [FILE…]\n"
        "Plans and measures how much context fits and how fast a model decodes.\n\n"
        "  FILE                 a model (config.json, its folder, GGUF, safetensors), a\n"
        "                       recording (.jsonl) or quality numbers (.csv)\n"
        "  --compare A B        hold the recording or plans of B against the baseline A\n"
        "  --no-quick-look      do not measure anything at the start\n"
        "  --screenshot FILE    write a picture of the window to FILE and leave\n"
        "  --after MS           … after so many milliseconds\n"
        "  --version, --help\n\n"
        "Without a window, also where there is no display:\n"
        "  --export FILE        write a chart (.png, .svg, .pdf), data (.csv, .json, .jsonl,\n"
        "                       .md) or a report (.html) of the FILE given, or of the default\n"
        "                       model; with --compare data are the comparison's; quality\n"
        "                       numbers (.csv) go with --chart trade-off or a report\n"
        "  --chart NAME         overview (default), kv-memory, max-context, tokens-per-second,\n"
        "                       memory, memory-stack, speed, roofline, trade-off, latency,\n"
        "                       latency-steps or compare\n"
        "  --size WxH           in pixels of a screen, 1200x750 by default\n"
        "  --dpi N              dots per inch of a PNG, 192 by default\n"
        "  --theme light|dark   light by default\n\n"
        "Everything that needs no screen is in decodescope-cli.\n");
}

bool displayIsThere() {
#if defined(Q_OS_LINUX) || defined(Q_OS_FREEBSD)
    return !qEnvironmentVariableIsEmpty("DISPLAY") ||
           !qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY") ||
           !qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM");
#else
    return true;
#endif
}

} // namespace decodescope
