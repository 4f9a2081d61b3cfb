// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/startup/start_options.h"

#include <QCoreApplication>
#include <QFileInfo>

namespace decodescope {

Result<StartOptions> parseStartOptions(const QStringList& arguments) {
    StartOptions options;
    const auto wrong = [](const QString& what, const QString& where) {
        return Error{ErrorCode::BadUsage, what.toStdString(), where.toStdString(),
                     "See decodescope --help"};
    };
    for (qsizetype i = 0; i < arguments.size(); ++i) {
        const QString& each = arguments[i];
        const auto value = [&]() -> QString {
            return i + 1 < arguments.size() ? arguments[++i] : QString();
        };
        if (each == QLatin1String("--version")) {
            options.version = true;
        } else if (each == QLatin1String("--help") || each == QLatin1String("-h")) {
            options.help = true;
        } else if (each == QLatin1String("--no-quick-look")) {
            options.quickLook = false;
        } else if (each == QLatin1String("--screenshot")) {
            options.screenshot = value();
            if (options.screenshot.isEmpty())
                return wrong(QStringLiteral("needs a file"), each);
        } else if (each == QLatin1String("--after")) {
            bool ok = false;
            options.screenshotAfterMs = value().toInt(&ok);
            if (!ok || options.screenshotAfterMs < 0)
                return wrong(QStringLiteral("needs a number of milliseconds"), each);
        } else if (each.startsWith(QLatin1Char('-')) && each.size() > 1) {
            return wrong(QStringLiteral("is no option of decodescope"), each);
        } else {
            options.files << each;
        }
    }
    return options;
}

QString helpText() {
    return QCoreApplication::translate(
        "StartOptions",
        "decodescope [FILE…]\n"
        "Plans and measures how much context fits and how fast a model decodes.\n\n"
        "  FILE                 a model (config.json, its folder, GGUF, safetensors) or a\n"
        "                       recording (.jsonl)\n"
        "  --no-quick-look      do not measure anything at the start\n"
        "  --screenshot FILE    write a picture of the window to FILE and leave\n"
        "  --after MS           … after so many milliseconds\n"
        "  --version, --help\n\n"
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
