// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

class QSystemTrayIcon;
class QWidget;

namespace decodescope {

/// Tells of the end of a long run while nobody looks at the window: by a message of the desktop
/// where it takes some, otherwise by marking the window in the task bar.
class RunNotifier : public QObject {
    Q_OBJECT
public:
    explicit RunNotifier(QWidget& window);

    /// A setting, on at first and kept.
    void setEnabled(bool enabled);
    [[nodiscard]] bool enabled() const;
    /// A run of so many seconds ended. Tells of it where it was long, the window is in the
    /// background and the setting is on.
    void runEnded(double seconds, const QString& text);

signals:
    void told(const QString& text);

private:
    void tell(const QString& text);

    QWidget& m_window;
    QSystemTrayIcon* m_tray = nullptr; ///< once one was needed
};

} // namespace decodescope
