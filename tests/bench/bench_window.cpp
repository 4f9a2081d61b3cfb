// SPDX-License-Identifier: GPL-3.0-or-later
// bench_window FOLDER_OF_PROGRAMS: opens the window as a person does and prints
// "NAME MILLISECONDS LIMIT" for what they wait for.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>

#include <QAction>
#include <QApplication>
#include <QElapsedTimer>
#include <QStandardPaths>
#include <QTimer>

#include "app/gui/main_window.h"

using namespace decodescope;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kGiveUpMs = 30000;
constexpr int kTickMs = 2;
constexpr const char* kRunSeconds = "8";

double msSince(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Runs the event loop until `done`; false after kGiveUpMs.
bool waitFor(const std::function<bool()>& done) {
    QElapsedTimer spent;
    spent.start();
    while (!done() && spent.elapsed() < kGiveUpMs)
        QApplication::processEvents(QEventLoop::WaitForMoreEvents, kTickMs);
    return done();
}

/// The longest time between two turns of the event loop while it lives.
class StallWatch {
public:
    StallWatch() {
        m_last = Clock::now();
        QObject::connect(&m_timer, &QTimer::timeout, [this] {
            m_longest = std::max(m_longest, msSince(m_last) - kTickMs);
            m_last = Clock::now();
        });
        m_timer.setTimerType(Qt::PreciseTimer);
        m_timer.start(kTickMs);
    }
    [[nodiscard]] double longestMs() const { return m_longest; }

private:
    QTimer m_timer;
    Clock::time_point m_last;
    double m_longest = 0;
};

} // namespace

int main(int argc, char** argv) {
    const auto start = Clock::now();
    if (argc != 2) {
        std::fprintf(stderr, "usage: bench_window FOLDER_OF_PROGRAMS\n");
        return 2;
    }
    QApplication application(argc, argv);
    QStandardPaths::setTestModeEnabled(true);
    QApplication::setOrganizationName(QStringLiteral("decodescope-bench"));
    QApplication::setApplicationName(QStringLiteral("window"));
    MainWindow window;
    window.show();
    QApplication::processEvents();
    window.repaint();
    std::printf("plots_on_screen %.0f 500\n", msSince(start));
    window.begin(QString::fromLocal8Bit(argv[1]) + QStringLiteral("/decodescope-cli"), true);
    if (!waitFor([&] { return !window.runs().samples().empty(); }))
        return 1;
    std::printf("first_measured_point %.0f 5000\n", msSince(start));
    if (!waitFor([&] { return !window.controller().running(); }))
        return 1;
    std::printf("quick_look_ends %.0f 5000\n", msSince(start));
    window.session().setText(Field::TimeBudget, QString::fromLatin1(kRunSeconds));
    const StallWatch stalls;
    window.findChild<QAction*>(QStringLiteral("actionRun"))->trigger();
    if (!waitFor([&] { return !window.controller().running(); }))
        return 1;
    std::printf("longest_stall_in_a_run %.0f 50\n", stalls.longestMs());
    std::fflush(stdout);
    return 0;
}
