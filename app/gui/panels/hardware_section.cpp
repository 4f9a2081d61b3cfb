// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/hardware_section.h"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QStandardItemModel>

#include "app/gui/panels/form_section.h"
#include "app/gui/panels/session_field.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr int kReasonRole = Qt::UserRole + 1;

} // namespace

HardwareSection::HardwareSection(Session& session, QWidget* parent)
    : QWidget(parent), m_session(session), m_form(formSection(this, tr("Hardware"))),
      m_device(formCombo(this, "device", tr("Device"))), m_detected(formNote(this, "detected")),
      m_engine(formCombo(this, "engine", tr("Engine"))) {
    const auto addField = [&](Field field, const char* name, const QString& label,
                              const QString& tip) {
        return addSessionField(m_form, m_session, field, name, label, tip);
    };
    m_form->addRow(m_device);
    m_form->addRow(m_detected);
    addField(Field::Memory, "memory", tr("Memory"),
             tr("Capacity to plan with, such as 24 GiB; empty: the device's own"))
        ->setPlaceholder(tr("the device's own"));
    m_efficiency = addField(Field::Efficiency, "efficiency", tr("Efficiency"),
                            tr("Share of the datasheet's rates that is reached, such as 70%-85%; "
                               "empty: %1")
                                .arg(QString::fromStdString(describe(kDatasheetRange))));
    m_efficiency->setPlaceholder(QString::fromStdString(formatRateRange(kDatasheetRange)));
    for (const Engine& engine : engines())
        m_engine->addItem(engine.isIdeal() ? tr("Ideal allocator")
                                           : QString::fromUtf8(engine.title),
                          QString::fromUtf8(engine.name));
    m_engine->setToolTip(tr("Whose rules share out the memory"));
    m_form->addRow(tr("Engine"), m_engine);
    m_reserve = addField(Field::Reserve, "reserve", tr("Reserve"),
                         tr("Share of the memory kept free; empty: as the engine has it"));
    addField(Field::TensorParallel, "tensorParallel", tr("Tensor ranks"),
             tr("Devices that divide every layer among them, 1 to 64"));
    addField(Field::PipelineParallel, "pipelineParallel", tr("Pipeline ranks"),
             tr("Devices that divide the list of layers among them, 1 to 64"));
    connect(m_device, &QComboBox::activated, this, [this](int index) {
        m_session.setDevice(m_device->itemData(index).toString().toStdString());
    });
    connect(m_engine, &QComboBox::activated, this, [this](int index) {
        m_session.setEngine(m_engine->itemData(index).toString().toStdString());
    });
    connect(&session, &Session::changed, this, &HardwareSection::refresh);
    connect(&session, &Session::devicesChanged, this, &HardwareSection::fillDevices);
    fillDevices();
}

void HardwareSection::fillDevices() {
    const QSignalBlocker blocker(m_device);
    m_device->clear();
    const auto add = [this](const QString& label, const QString& id, const QString& reason) {
        m_device->addItem(label, id);
        if (reason.isEmpty())
            return;
        const int index = m_device->count() - 1;
        m_device->setItemData(index, reason, Qt::ToolTipRole);
        m_device->setItemData(index, reason, kReasonRole);
        if (auto* items = qobject_cast<QStandardItemModel*>(m_device->model()))
            items->item(index)->setEnabled(false);
    };
    if (m_session.devices().empty())
        add(tr("This machine, detecting…"), QStringLiteral("cpu"), {});
    for (const DeviceInfo& device : m_session.devices()) {
        const QString reason = QString::fromStdString(device.reason);
        const QString name = QString::fromStdString(device.name.empty() ? device.id : device.name);
        add(device.available ? name : tr("%1 · %2").arg(name, reason),
            QString::fromStdString(device.id), device.available ? QString() : reason);
    }
    m_device->insertSeparator(m_device->count());
    for (const DeviceSpec& device : devicePresets())
        if (device.memoryBytes > 0)
            add(tr("%1 (plan only)").arg(QString::fromStdString(device.name)),
                QString::fromStdString(device.id), {});
    refresh();
}

void HardwareSection::refresh() {
    const Configuration& chosen = m_session.configuration();
    const Engine& engine = chosen.deployment.engine;
    choose(m_device, QString::fromStdString(chosen.deviceId));
    choose(m_engine, QString::fromUtf8(engine.name));
    m_form->setRowVisible(m_efficiency, !m_session.deviceIsLocal());
    m_reserve->setPlaceholder(engine.isIdeal()
                                  ? QString()
                                  : tr("%1: %2").arg(QString::fromUtf8(engine.title),
                                                     QString::fromStdString(formatBytes(
                                                         m_session.engineReserveBytes()))));
    m_detected->setText(sourceText());
}

QString HardwareSection::sourceText() const {
    const PlanDevice device = m_session.planDevice();
    QString source = m_session.localDevice()     ? tr("Detected: ")
                     : m_session.deviceIsLocal() ? tr("First guess: ")
                                                 : tr("Datasheet: ");
    source += device.memoryBytes > 0
                  ? markedText(QString::fromStdString(formatBytes(device.memoryBytes)),
                               device.memoryUnverified())
                  : tr("memory unknown");
    const QString whose = device.roofs.measured       ? tr(" measured")
                          : m_session.deviceIsLocal() ? tr(" on paper")
                                                      : QString();
    if (const double bandwidth = device.roofs.bandwidthBytesPerSecond; bandwidth > 0)
        source += tr(", ") + markedText(tr("%1 GB/s").arg(bandwidth / 1e9, 0, 'f', 1) + whose,
                                        device.isUnverified(PlanDevice::kBandwidthField));
    if (m_session.deviceIsLocal())
        return source;
    const bool flopUnverified =
        device.isUnverified(device.cpu ? PlanDevice::kFloatRateField : PlanDevice::kHalfRateField);
    source += tr(", ") +
              (device.roofs.flopPerSecond > 0
                   ? markedText(tr("%1 TFLOP/s").arg(device.roofs.flopPerSecond / 1e12, 0, 'f', 1),
                                flopUnverified)
                   : tr("FLOP/s unknown"));
    if (device.range.known())
        source +=
            tr(". Taken to be reached: %1.").arg(QString::fromStdString(describe(device.range)));
    return source;
}

} // namespace decodescope
