// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/last_session.h"

#include <algorithm>

#include <QFileInfo>
#include <QSettings>

#include "core/import/model_file.h"
#include "core/spec/presets.h"

namespace decodescope::last_session {
namespace {

const QString kGroup = QStringLiteral("session");
const QString kPreset = QStringLiteral("preset");
const QString kModelFile = QStringLiteral("modelFile");
const QString kRecordings = QStringLiteral("recordings");
const QString kSaved = QStringLiteral("saved");
const QString kFile = QStringLiteral("file");
const QString kTab = QStringLiteral("tab");
const QString kDevice = QStringLiteral("device");
const QString kEngine = QStringLiteral("engine");
const QString kKvType = QStringLiteral("kvType");
const QString kWeightsType = QStringLiteral("weightsType");
const QString kScope = QStringLiteral("scope");
const QString kFieldsKept = QStringLiteral("fields");

QString text(std::string_view from) {
    return QString::fromUtf8(from.data(), static_cast<qsizetype>(from.size()));
}

QString absolute(const QString& path) {
    return QFileInfo(path).absoluteFilePath();
}

/// Where the model came from; of one that a recording brought along nothing is to be opened.
void keepModel(QSettings& settings, const ModelSpec& model, const RunStore& runs) {
    const QString path = text(model.source.path);
    if (model.source.format == "preset") {
        settings.setValue(kPreset, path);
        return;
    }
    const bool recorded =
        std::any_of(runs.runs().begin(), runs.runs().end(), [&model](const Run& run) {
            return !run.recording.runs.empty() && run.recording.runs.back().model == model;
        });
    if (!recorded && !path.isEmpty())
        settings.setValue(kModelFile, absolute(path));
}

void keepChoices(QSettings& settings, const Session& session) {
    const Configuration& chosen = session.configuration();
    settings.setValue(kDevice, text(chosen.deviceId));
    settings.setValue(kEngine, text(chosen.deployment.engine.name));
    settings.setValue(kKvType, QString::fromStdString(cacheInWords(chosen.workload.kvTypes)));
    settings.setValue(kWeightsType, text(name(chosen.workload.weightsType)));
    settings.setValue(kScope, text(name(chosen.workload.scope)));
    QStringList fields;
    for (const Field field : kFields)
        fields << session.text(field);
    settings.setValue(kFieldsKept, fields);
}

void keepRecordings(QSettings& settings, const RunStore& runs) {
    QStringList files;
    QStringList saved;
    for (const Run& run : runs.runs()) {
        if (run.quickLook() || run.file.isEmpty() || files.contains(absolute(run.file)))
            continue;
        files << absolute(run.file);
        if (run.saved)
            saved << files.last();
    }
    settings.setValue(kRecordings, files);
    settings.setValue(kSaved, saved);
}

void restoreRecordings(const QSettings& settings, Session& session, RunStore& runs,
                       QStringList& lost) {
    const QStringList saved = settings.value(kSaved).toStringList();
    for (const QString& file : settings.value(kRecordings).toStringList()) {
        Result<Recording> recording = readRecording(file.toStdString());
        if (!recording) {
            lost << QString::fromStdString(recording.error().sentence());
            continue;
        }
        session.setRun(*recording); // a model by hand is known from its recording alone
        runs.append(std::move(*recording), file, saved.contains(file));
    }
}

void restoreModel(const QSettings& settings, Session& session, QStringList& lost) {
    const QString file = settings.value(kModelFile).toString();
    const QString preset = settings.value(kPreset).toString();
    if (file.isEmpty() && preset.isEmpty())
        return;
    const Result<ModelSpec> model =
        file.isEmpty() ? findModelPreset(preset.toStdString()) : readModelFile(file.toStdString());
    if (model)
        session.setModel(*model);
    else
        lost << QString::fromStdString(model.error().sentence());
}

void restoreChoices(const QSettings& settings, Session& session) {
    if (const QString device = settings.value(kDevice).toString(); !device.isEmpty())
        session.setDevice(device.toStdString());
    session.setEngine(settings.value(kEngine).toString().toStdString());
    if (const auto types = parseKvTypes(settings.value(kKvType).toString().toStdString()))
        session.setKvTypes(*types);
    if (const auto type = parseDataType(settings.value(kWeightsType).toString().toStdString()))
        session.setWeightsType(*type);
    if (const auto scope = parseScope(settings.value(kScope).toString().toStdString()))
        session.setScope(*scope);
    const QStringList fields = settings.value(kFieldsKept).toStringList();
    // Another version knew of fewer or more: what it did not know stays as it is.
    const auto known = std::min(static_cast<std::size_t>(fields.size()), std::size(kFields));
    for (std::size_t i = 0; i < known; ++i)
        session.setText(kFields[i], fields[static_cast<qsizetype>(i)]);
}

} // namespace

void keep(const Session& session, const RunStore& runs, const QString& file, int tab) {
    forget();
    QSettings settings;
    settings.beginGroup(kGroup);
    keepModel(settings, session.configuration().model, runs);
    keepChoices(settings, session);
    keepRecordings(settings, runs);
    settings.setValue(kFile, file.isEmpty() ? QString() : absolute(file));
    settings.setValue(kTab, tab);
}

void forget() {
    QSettings().remove(kGroup);
}

Restored restore(Session& session, RunStore& runs) {
    QSettings settings;
    settings.beginGroup(kGroup);
    Restored restored;
    if (settings.childKeys().isEmpty())
        return restored;
    restoreRecordings(settings, session, runs, restored.lost);
    restoreModel(settings, session, restored.lost);
    restoreChoices(settings, session);
    const QString file = settings.value(kFile).toString();
    restored.file = QFileInfo::exists(file) ? file : QString();
    restored.tab = settings.value(kTab).toInt();
    return restored;
}

} // namespace decodescope::last_session
