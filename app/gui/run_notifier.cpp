// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/run_notifier.h"

#include <QApplication>
#include <QSettings>
#include <QSystemTrayIcon>
#include <QWidget>
#include <QWindow>

#include "app/gui/theme/icons.h"

namespace decodescope {
namespace {

constexpr double kLongSeconds = 30;
constexpr int kShownMs = 10000;
const QString kKey = QStringLiteral("notify");

} // namespace

RunNotifier::RunNotifier(QWidget& window) : QObject(&window), m_window(window) {}

void RunNotifier::setEnabled(bool enabled) {
    QSettings().setValue(kKey, enabled);
}

bool RunNotifier::enabled() const {
    return QSettings().value(kKey, true).toBool();
}

void RunNotifier::runEnded(double seconds, const QString& text) {
    if (!enabled() || seconds < kLongSeconds || m_window.isActiveWindow())
        return;
    tell(text);
    emit told(text);
}

void RunNotifier::tell(const QString& text) {
    QApplication::alert(&m_window);
    if (!QSystemTrayIcon::isSystemTrayAvailable() || !QSystemTrayIcon::supportsMessages())
        return;
    if (!m_tray) {
        m_tray = new QSystemTrayIcon(applicationIcon(), this);
        const auto comeBack = [this] {
            m_tray->hide();
            m_window.showNormal();
            m_window.raise();
            m_window.activateWindow();
        };
        connect(m_tray, &QSystemTrayIcon::messageClicked, this, comeBack);
        connect(m_tray, &QSystemTrayIcon::activated, this, comeBack);
        connect(qApp, &QApplication::focusWindowChanged, m_tray, &QSystemTrayIcon::hide);
    }
    m_tray->setToolTip(text);
    m_tray->show();
    m_tray->showMessage(tr("DecodeScope"), text, applicationIcon(), kShownMs);
}

} // namespace decodescope
