// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QApplication>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

#include "app/gui/main_window.h"
#include "app/gui/panels/overview_plots.h"
#include "core/profile/recording.h"
#include "core/spec/presets.h"
#include "example_samples.h"

namespace decodescope {

inline std::vector<Sample> exampleSamples() {
    std::vector<Sample> samples = {
        measured("MHA", 32, Scope::Attention, 0.15), measured("GQA-8", 8, Scope::Attention, 0.01),
        measured("GQA-8", 8, Scope::Step, 0.6), measured("MQA", 1, Scope::Attention, 0.05)};
    for (Sample& sample : samples) {
        sample.runId = "now";
        sample.tpotP99Ms = 1.25 * sample.tpotP50Ms;
        sample.tokensPerSecond = 1000 / sample.tpotP50Ms;
        for (int i = 0; i < 40; ++i)
            sample.repetitionsMs.push_back(sample.tpotP50Ms * (1 + 0.01 * (i % 7)));
    }
    return samples;
}

/// One run of the default model on someCpu().
inline Recording exampleRecording() {
    Recording recording;
    RunStarted start;
    start.runId = "now";
    start.device = someCpu(true);
    start.model = *findModelPreset(kDefaultModelId);
    start.variants = {"MHA", "GQA-8", "MQA"};
    recording.runs.push_back(start);
    recording.samples = exampleSamples();
    return recording;
}

inline LivePoints examplePoints() {
    LivePoints points;
    for (int i = 0; i < 30; ++i) {
        points.speed.push_back({i * 0.1, 10.0 + i % 3, i / 10, kContext, i % 10 == 0, i % 10 == 0});
        MemoryPoint memory;
        memory.seconds = i * 0.1;
        memory.weightsBytes = memory.kvBytes = memory.workspaceBytes = std::uint64_t{4} << 30;
        memory.processBytes = std::uint64_t{14} << 30;
        memory.availableBytes = std::uint64_t{40} << 30;
        memory.totalBytes = std::uint64_t{64} << 30;
        points.memory.push_back(memory);
    }
    return points;
}

/// A window without a past, of the usual size, that has the keyboard; empty if it never gets it.
inline std::unique_ptr<MainWindow> activeWindow() {
    QSettings().clear();
    auto window = std::make_unique<MainWindow>();
    window->resize(1440, 900);
    window->show();
    window->activateWindow();
    return QTest::qWaitForWindowActive(window.get()) ? std::move(window) : nullptr;
}

/// Gives every tab something to show: a recording, live points, and a slower baseline.
inline void fillWindow(MainWindow& window) {
    const QTemporaryDir folder;
    const QString file = folder.filePath(QStringLiteral("now.jsonl"));
    QVERIFY(writeRecording(exampleRecording(), file.toStdString()).ok());
    Session& session = window.session();
    session.addDevice(someCpu(true));
    session.setDevice("cpu");
    window.openPath(file);
    window.findChild<OverviewPlots*>()->showRecording(examplePoints());
    std::vector<Sample> before = exampleSamples();
    for (Sample& sample : before) {
        sample.tpotP50Ms *= 1.5;
        sample.runId = "before";
        for (double& each : sample.repetitionsMs)
            each *= 1.5;
    }
    session.setBaseline(baselineOf(before, QStringLiteral("before")));
    QApplication::processEvents();
}

} // namespace decodescope
