// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/worker/run_controller.h"

#include <algorithm>

#include <QDateTime>
#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>
#include <QUuid>

#include <nlohmann/json.hpp>

#include "core/profile/resume.h"
#include "core/spec/units.h"
#include "core/spec/version.h"

namespace decodescope {
namespace {

constexpr double kMsPerSecond = 1000;
constexpr int kIdLength = 8;

} // namespace

QString newAutosavePath() {
    const QDir folder(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) +
                      QStringLiteral("/recordings"));
    if (!folder.mkpath(QStringLiteral(".")))
        return {};
    const QString time =
        QDateTime::currentDateTimeUtc().toString(QStringLiteral("yyyyMMdd-HHmmss"));
    const QString id = QUuid::createUuid().toString(QUuid::Id128).left(kIdLength);
    return folder.filePath(time + QLatin1Char('-') + id + QStringLiteral(".jsonl"));
}

QString findingOf(const std::vector<Sample>& samples) {
    if (samples.size() < 2)
        return {};
    const auto [slow, fast] =
        std::minmax_element(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) {
            return a.tokensPerSecond < b.tokensPerSecond;
        });
    if (slow->tokensPerSecond <= 0)
        return {};
    return RunController::tr("At %1 tokens of context %2 decodes %3× as fast as %4.")
        .arg(QString::fromStdString(formatCount(fast->context)),
             QString::fromStdString(fast->variant),
             QString::number(fast->tokensPerSecond / slow->tokensPerSecond, 'f', 1),
             QString::fromStdString(slow->variant));
}

RunController::RunController(Session& session, RunStore& store, QObject* parent)
    : QObject(parent), m_session(session), m_store(store) {
    connect(&m_worker, &WorkerProcess::events, this, &RunController::takeEvents);
    connect(&m_worker, &WorkerProcess::finished, this, &RunController::takeOutcome);
    connect(&m_worker, &WorkerProcess::logLine, this, &RunController::logLine);
    connect(&m_worker, &WorkerProcess::silent, this, &RunController::silent);
    connect(&m_monitor, &Monitor::logLine, this, &RunController::logLine);
    connect(&m_monitor, &Monitor::failed, this, [this](const QString& cause) {
        emit logLine(tr("The machine is not watched any more: %1").arg(cause));
    });
    connect(&m_monitor, &Monitor::deviceFound, &m_session, &Session::addDevice);
    connect(&m_monitor, &Monitor::memory, this, [this](const MemoryEvent& event) {
        LivePoints points;
        points.memory.push_back(memoryPoint(event, seconds()));
        emit live(points);
        // The devices come before their memory: now all of them are known.
        if (std::exchange(m_quickLookWanted, false) && !running() && !m_session.tooLarge())
            run(true);
    });
    connect(&m_check, &WorkerCheck::checked, this, [this](const QString& problem) {
        m_problem = problem;
        if (problem.isEmpty())
            watch();
        emit stateChanged();
    });
}

void RunController::begin(const QString& program, bool quickLook) {
    m_program = program;
    m_quickLookWanted = quickLook;
    m_sinceRun.start();
    m_check.start(program);
}

void RunController::watch() {
    m_monitor.start(m_program);
}

void RunController::run(bool quickLook) {
    if (running())
        return;
    if (!m_problem.isEmpty()) {
        emit refused(m_problem);
        return;
    }
    const Result<RunRequest> request = m_session.request(quickLook);
    if (!request) {
        emit refused(QString::fromStdString(request.error().sentence()));
        return;
    }
    start(*request);
}

void RunController::start(const RunRequest& request) {
    if (running() || !m_problem.isEmpty())
        return;
    m_store.begin(newAutosavePath());
    launch(request, m_store.current().file);
}

void RunController::goOn() {
    const Run* run = m_store.unfinished();
    if (running() || !run)
        return;
    const QString file = run->file.isEmpty() ? newAutosavePath() : run->file;
    const Result<RunRequest> request = requestToGoOn(*run, file);
    if (!request) {
        emit refused(QString::fromStdString(request.error().sentence()));
        return;
    }
    m_store.goOn();
    launch(*request, file);
}

Result<RunRequest> RunController::requestToGoOn(const Run& run, const QString& file) const {
    if (!m_problem.isEmpty())
        return Error{ErrorCode::DeviceUnavailable, m_problem.toStdString(), "", ""};
    Result<RunRequest> request = resumedRequest(run.recording);
    if (!request)
        return request;
    for (const DeviceInfo& device : m_session.devices())
        if (device.id == request->deviceId)
            if (const Status status = sameDevice(run.recording, device); !status)
                return status.error();
    const std::filesystem::path path = file.toStdString();
    if (QFileInfo::exists(file))
        if (const Status status = takesLines(path); !status)
            return status.error();
    if (const Status status = endLastLine(path); !status)
        return status.error();
    return request;
}

void RunController::launch(const RunRequest& request, const QString& autosave) {
    m_quickLookWanted = false;
    m_quickLook = request.quickLook;
    m_paused = false;
    m_runDevice = request.deviceId;
    std::vector<std::string> labels;
    for (const Variant& variant : request.variants)
        labels.push_back(variant.label);
    m_feed.begin(labels);
    m_monitor.pause();
    WorkerCommand command;
    command.program = m_program;
    command.arguments = {QStringLiteral("run"), QStringLiteral("--request"), QStringLiteral("-"),
                         QStringLiteral("--stream")};
    command.firstLine = QByteArray::fromStdString(nlohmann::json(request).dump());
    command.autosave = autosave;
    m_sinceRun.start();
    emit runStarted(m_session.overviewOf(request));
    m_worker.start(command);
    emit stateChanged();
}

void RunController::setPaused(bool paused) {
    if (!running() || paused == m_paused)
        return;
    m_paused = paused;
    m_worker.setPaused(paused);
    emit stateChanged();
}

double RunController::seconds() const {
    return static_cast<double>(m_sinceRun.elapsed()) / kMsPerSecond;
}

void RunController::stop() {
    m_worker.stop();
}

void RunController::takeEvents(const std::vector<Event>& events) {
    m_store.add(events);
    const Progress* last = nullptr;
    for (const Event& event : events) {
        if (const auto* calibration = std::get_if<CalibrationEvent>(&event))
            m_session.setCeilings(m_runDevice, calibration->ceilings);
        else if (const auto* skipped = std::get_if<Skipped>(&event))
            emit logLine(tr("Skipped: %1").arg(QString::fromStdString(skipped->error.sentence())));
        else if (const auto* now = std::get_if<Progress>(&event))
            last = now;
        else if (const auto* start = std::get_if<RunStarted>(&event);
                 start && start->toolVersion != toolVersion())
            emit logLine(tr("The worker is of version %1, this window of %2.")
                             .arg(QString::fromStdString(start->toolVersion),
                                  QString::fromUtf8(toolVersion().data())));
    }
    emit live(m_feed.take(events));
    if (last)
        emit progress(*last);
}

void RunController::takeOutcome(const WorkerOutcome& outcome) {
    m_store.finish(outcome.state, outcome.cause);
    if (m_quickLook && !m_store.empty())
        if (const QString sentence = findingOf(m_store.current().recording.samples);
            !sentence.isEmpty())
            emit found(tr("%1 A quick look, not a benchmark.").arg(sentence));
    m_paused = false;
    emit ended(outcome, m_quickLook);
    emit stateChanged();
    if (!running()) // or the next has begun
        watch();
}

} // namespace decodescope
