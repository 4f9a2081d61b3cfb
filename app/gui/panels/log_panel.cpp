// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/log_panel.h"

#include <QFontDatabase>
#include <QTime>

namespace decodescope {
namespace {

constexpr int kLinesKept = 5000;

} // namespace

LogPanel::LogPanel(QWidget* parent) : QPlainTextEdit(parent) {
    setObjectName(QStringLiteral("log"));
    setAccessibleName(tr("Log"));
    setReadOnly(true);
    setFrameShape(QFrame::NoFrame);
    setMaximumBlockCount(kLinesKept);
    setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    setPlaceholderText(tr("What the measuring program says appears here."));
    setTabChangesFocus(true);
}

void LogPanel::append(const QString& line) {
    appendPlainText(QTime::currentTime().toString(QStringLiteral("HH:mm:ss  ")) + line);
}

} // namespace decodescope
