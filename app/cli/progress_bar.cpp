// SPDX-License-Identifier: Apache-2.0
#include "app/cli/progress_bar.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/cli/output.h"
#include "core/spec/printable_text.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr int kBarWidth = 24;
constexpr int kUnknownWidth = 80;
constexpr std::chrono::milliseconds kRedraw{80};

std::size_t terminalWidth() {
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return kUnknownWidth;
}

std::string bar(double fraction) {
    const int full = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * kBarWidth));
    return '[' + std::string(static_cast<std::size_t>(full), '=') +
           std::string(static_cast<std::size_t>(kBarWidth - full), ' ') + ']';
}

/// At most `columns` characters of UTF-8 text, each one column wide.
std::string cut(const std::string& text, std::size_t columns) {
    std::size_t end = 0;
    for (std::size_t shown = 0; end < text.size(); ++end) {
        const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U;
        if (begins && shown++ == columns)
            break;
    }
    return text.substr(0, end);
}

std::string rate(double perSecond) {
    if (perSecond >= 1000)
        return formatCount(std::llround(perSecond));
    return fmt::format("{:.3g}", perSecond);
}

/// A terminal that has gone is no reason to stop measuring.
void write(const std::string& text) {
    static_cast<void>(std::fputs(text.c_str(), stderr));
    static_cast<void>(std::fflush(stderr));
}

bool set(const char* variable) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0';
}

std::string pointName(const std::string& variant, std::int64_t context, std::int64_t batch) {
    std::string text = fmt::format("{} at {} tokens", variant, formatCount(context));
    if (batch > 1)
        text += fmt::format(" × {} sequences", batch);
    return text;
}

} // namespace

ProgressBar::ProgressBar() {
    const char* terminal = std::getenv("TERM");
    m_terminal =
        isatty(STDERR_FILENO) != 0 && terminal != nullptr && std::strcmp(terminal, "dumb") != 0;
    m_colour = m_terminal && !set("NO_COLOR"); // no-color.org: set and not empty
}

ProgressBar::~ProgressBar() {
    clear();
}

void ProgressBar::clear() {
    if (m_drawn)
        write(fmt::format("\r{}\r", std::string(terminalWidth() - 1, ' ')));
    m_drawn = false;
}

void ProgressBar::print(const std::string& line) {
    clear();
    tell(printable(line));
}

void ProgressBar::draw(const Progress& progress) {
    const auto now = std::chrono::steady_clock::now();
    const bool last = progress.phase == kPausedPhase; // for as long as it takes
    if (!m_terminal || (m_drawn && now - m_last < kRedraw && !last))
        return;
    m_last = now;
    std::string what = progress.phase;
    if (!progress.variant.empty())
        what = pointName(progress.variant, progress.context, progress.batch);
    std::string line = fmt::format("{} {:3.0f} %", bar(progress.fraction), 100 * progress.fraction);
    if (progress.pointsTotal > 0)
        line += fmt::format("  {}/{}", progress.pointsDone, progress.pointsTotal);
    line += "  " + what;
    if (progress.secondsLeft >= 0)
        line += fmt::format("  {:.0f} s left", progress.secondsLeft);
    line = cut(printable(line), terminalWidth() - 1);
    clear();
    write(fmt::format("\r{}{}{}", m_colour ? "\033[36m" : "", line, m_colour ? "\033[0m" : ""));
    m_drawn = true;
}

void ProgressBar::show(const Event& event) {
    if (const auto* progress = std::get_if<Progress>(&event)) {
        draw(*progress);
    } else if (const auto* calibration = std::get_if<CalibrationEvent>(&event)) {
        print(fmt::format("{}: reads {:.1f} GB/s, computes {:.0f} GFLOP/s with {} threads",
                          calibration->device, calibration->ceilings.bandwidthBytesPerSecond / 1e9,
                          calibration->ceilings.flopPerSecond / 1e9,
                          calibration->ceilings.threads));
        if (!calibration->note.empty())
            print("note: " + calibration->note);
    } else if (const auto* sample = std::get_if<Sample>(&event)) {
        print(fmt::format("{}: {} tokens/s, {:.0f} % of the roof{}",
                          pointName(sample->variant, sample->context, sample->batch),
                          rate(sample->tokensPerSecond), 100 * sample->floorFraction,
                          sample->cacheResident ? " (cache-resident)" : ""));
    } else if (const auto* skipped = std::get_if<Skipped>(&event)) {
        print(fmt::format("{}: skipped, {}",
                          pointName(skipped->variant, skipped->context, skipped->batch),
                          skipped->error.what));
    }
}

} // namespace decodescope
