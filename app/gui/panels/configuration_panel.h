// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "app/gui/models/session.h"

class QAction;
class QComboBox;
class QFormLayout;
class QLabel;

namespace decodescope {

class SessionField;

/// Model, hardware and workload. Run is pinned at the bottom, outside the scroll area.
class ConfigurationPanel : public QWidget {
    Q_OBJECT
public:
    ConfigurationPanel(Session& session, QAction* run, QWidget* parent = nullptr);
    /// One sentence above Run: what the quick look found.
    void setFinding(const QString& sentence);

signals:
    void openRequested();

private:
    QWidget* modelSection();
    void addCacheTypes(QFormLayout* form, QWidget* page);
    QWidget* workloadSection();
    QWidget* footer(QAction* run);
    void fillModels();
    void chooseKeyType();
    void refresh();

    Session& m_session;
    QComboBox* m_model = nullptr;
    QComboBox* m_keyType = nullptr;
    QComboBox* m_valueType = nullptr;
    SessionField* m_layersPerCache = nullptr;
    QComboBox* m_weightsType = nullptr;
    QComboBox* m_scope = nullptr;
    QLabel* m_source = nullptr;
    QLabel* m_finding = nullptr;
};

} // namespace decodescope
