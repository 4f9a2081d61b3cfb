// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "app/gui/models/session.h"

class QComboBox;
class QFormLayout;
class QLabel;

namespace decodescope {

class SessionField;

/// The Configuration's part about the device, what is reached of a datasheet, the engine whose
/// rules share out its memory, and over how many devices.
class HardwareSection : public QWidget {
    Q_OBJECT
public:
    explicit HardwareSection(Session& session, QWidget* parent = nullptr);

private:
    void fillDevices();
    void refresh();
    [[nodiscard]] QString sourceText() const;

    Session& m_session;
    QFormLayout* m_form;
    QComboBox* m_device;
    QLabel* m_detected;
    QComboBox* m_engine;
    SessionField* m_efficiency;
    SessionField* m_reserve;
};

} // namespace decodescope
