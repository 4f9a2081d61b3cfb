// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>
#include <exception>

#include <QApplication>
#include <QPixmap>
#include <QTimer>

#include "app/gui/export/export_job.h"
#include "app/gui/main_window.h"
#include "app/gui/startup/start_options.h"
#include "core/spec/result.h"
#include "core/spec/version.h"

namespace {

using namespace decodescope;

int fail(const Error& error) {
    std::fprintf(stderr, "decodescope: %s\n", error.sentence().c_str());
    return exitCode(error.code);
}

void nameApplication() {
    QApplication::setApplicationName(QStringLiteral("decodescope"));
    QApplication::setOrganizationName(QStringLiteral("decodescope"));
}

int show(int argc, char** argv, const StartOptions& options) {
    QApplication application(argc, argv);
    nameApplication();
    MainWindow window;
    if (options.files.isEmpty())
        window.restoreSession();
    for (const QString& file : options.files)
        window.openPath(file);
    if (!options.compared.isEmpty())
        static_cast<void>(window.compareFiles(options.compared[0], options.compared[1]));
    window.show();
    window.begin(workerPath(), options.quickLook);
    bool written = true;
    if (!options.screenshot.isEmpty())
        QTimer::singleShot(options.screenshotAfterMs, &window, [&] {
            written = window.grab().save(options.screenshot);
            window.close();
        });
    const int code = QApplication::exec();
    if (!written)
        return fail({ErrorCode::OutputNotWritten, "cannot be written",
                     options.screenshot.toStdString(), ""});
    return code;
}

int exportOnly(int argc, char** argv, const StartOptions& options) {
    // No window is opened, so none can be missing.
    qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    nameApplication();
    const Status done = runExport(*options.exported, options.files, options.compared);
    return done ? 0 : fail(done.error());
}

int start(int argc, char** argv) {
    QStringList arguments;
    for (int i = 1; i < argc; ++i)
        arguments << QString::fromLocal8Bit(argv[i]);
    const Result<StartOptions> options = parseStartOptions(arguments);
    if (!options)
        return fail(options.error());
    if (options->version) {
        std::printf("decodescope %s\n", toolVersion().data());
        return 0;
    }
    if (options->help) {
        std::fputs(helpText().toUtf8().constData(), stdout);
        return 0;
    }
    if (options->exported)
        return exportOnly(argc, argv, *options);
    if (!displayIsThere())
        return fail({ErrorCode::DeviceUnavailable,
                     "there is no display to open a window on (neither DISPLAY nor "
                     "WAYLAND_DISPLAY is set)",
                     "", "decodescope-cli does everything without a screen"});
    return show(argc, argv, *options);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return start(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "decodescope: %s\n", error.what());
        return 1;
    }
}
