// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/main_window.h"

#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QMimeData>
#include <QSettings>
#include <QTabWidget>

#include "app/gui/last_session.h"
#include "app/gui/panels/banner.h"
#include "app/gui/panels/overview_plots.h"
#include "app/gui/panels/trade_off_page.h"
#include "core/import/model_file.h"

namespace decodescope {
namespace {

constexpr int kRecentKept = 10;
const QString kRecentKey = QStringLiteral("recent");

bool isRecording(const QString& path) {
    return path.endsWith(QLatin1String(".jsonl"), Qt::CaseInsensitive);
}

bool isTable(const QString& path) {
    return path.endsWith(QLatin1String(".csv"), Qt::CaseInsensitive);
}

QString firstFile(const QMimeData* mime) {
    for (const QUrl& url : mime->urls())
        if (url.isLocalFile())
            return url.toLocalFile();
    return {};
}

} // namespace

void MainWindow::openPath(const QString& path) {
    if (isTable(path)) {
        importTable(path);
        return;
    }
    if (isRecording(path)) {
        if (m_controller.running()) {
            showError(tr("A measurement runs: stop it before opening a recording."));
            return;
        }
        Result<Recording> recording = readRecording(path.toStdString());
        if (!recording) {
            showError(QString::fromStdString(recording.error().sentence()));
            return;
        }
        m_session.setRun(*recording);
        m_store.open(std::move(*recording), path);
        m_file = path;
        replayRecording();
        m_banner->hide();
        if (m_store.unfinished())
            offerToGoOn(tr("This recording is partial."));
    } else {
        const Result<ModelSpec> model = readModelFile(path.toStdString());
        if (!model) {
            showError(QString::fromStdString(model.error().sentence()));
            return;
        }
        m_session.setModel(*model);
        m_banner->hide();
    }
    addRecent(path);
    refresh();
}

void MainWindow::chooseFile() {
    const QString path = QFileDialog::getOpenFileName(
        this, tr("Open a model or a recording"), {},
        tr("Models and recordings (*.json *.gguf *.safetensors *.jsonl);;All files (*)"));
    if (!path.isEmpty())
        openPath(path);
}

void MainWindow::chooseTable() {
    const QString path = QFileDialog::getOpenFileName(this, tr("Import quality numbers"), {},
                                                      tr("Tables (*.csv);;All files (*)"));
    if (!path.isEmpty())
        importTable(path);
}

void MainWindow::importTable(const QString& path) {
    if (const Status taken = m_pages.tradeOff->import(path); !taken) {
        showError(QString::fromStdString(taken.error().sentence()));
        return;
    }
    m_tabs->setCurrentWidget(m_pages.tradeOff);
    m_banner->showMessage(Banner::Kind::Notice, tr("Imported: %1").arg(path));
}

void MainWindow::saveStudy() {
    QString path = QFileDialog::getSaveFileName(
        this, tr("Save the study"), QStringLiteral("quality.csv"), tr("Tables (*.csv)"));
    if (path.isEmpty())
        return;
    if (!isTable(path))
        path += QStringLiteral(".csv");
    if (const Status written = m_pages.tradeOff->exportStudy(path); !written)
        showError(QString::fromStdString(written.error().sentence()));
    else
        m_banner->showMessage(Banner::Kind::Notice, tr("Written: %1").arg(path));
}

void MainWindow::newSession() {
    if (m_controller.running())
        return;
    m_store.clear();
    m_session.reset();
    m_plots->beginRun();
    m_file.clear();
    last_session::forget();
    m_banner->hide();
    refresh();
}

bool MainWindow::saveTo(const QString& path) {
    if (Status status = writeRecording(m_store.joined(), path.toStdString()); !status) {
        showError(QString::fromStdString(status.error().sentence()));
        return false;
    }
    m_file = path;
    m_store.markSaved(path);
    addRecent(path);
    return true;
}

void MainWindow::save() {
    if (m_file.isEmpty())
        saveAs();
    else
        saveTo(m_file);
}

void MainWindow::saveAs() {
    if (m_store.empty())
        return;
    QString path = QFileDialog::getSaveFileName(this, tr("Save the recording"),
                                                QStringLiteral("decodescope.jsonl"),
                                                tr("Recordings (*.jsonl)"));
    if (path.isEmpty())
        return;
    if (!isRecording(path))
        path += QStringLiteral(".jsonl");
    saveTo(path);
}

void MainWindow::addRecent(const QString& path) {
    QSettings settings;
    QStringList recent = settings.value(kRecentKey).toStringList();
    const QString whole = QFileInfo(path).absoluteFilePath();
    recent.removeAll(whole);
    recent.prepend(whole);
    settings.setValue(kRecentKey, QStringList(recent.mid(0, kRecentKept)));
    fillRecent();
}

void MainWindow::fillRecent() {
    m_recent->clear();
    for (const QString& path : QSettings().value(kRecentKey).toStringList())
        connect(m_recent->addAction(path), &QAction::triggered, this,
                [this, path] { openPath(path); });
    m_recent->setEnabled(!m_recent->isEmpty());
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (!firstFile(event->mimeData()).isEmpty())
        event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    const QString path = firstFile(event->mimeData());
    if (path.isEmpty())
        return;
    event->acceptProposedAction();
    openPath(path);
}

} // namespace decodescope
