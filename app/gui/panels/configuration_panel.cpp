// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/configuration_panel.h"

#include <algorithm>
#include <vector>

#include <QAction>
#include <QComboBox>
#include <QCompleter>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QStandardItemModel>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/gui/panels/session_field.h"
#include "app/gui/theme/icons.h"
#include "app/gui/theme/type_scale.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr int kMinimumWidth = 280;
constexpr int kMargin = 2 * kStep;
constexpr int kGap = kHalfStep;
constexpr int kReasonRole = Qt::UserRole + 1;

QString text(std::string_view from) {
    return QString::fromUtf8(from.data(), static_cast<qsizetype>(from.size()));
}

/// A heading and a form under it: no box.
QFormLayout* section(QWidget* parent, const QString& title) {
    auto* form = new QFormLayout(parent);
    form->setContentsMargins(kMargin, kStep, kMargin, kStep);
    form->setHorizontalSpacing(kStep);
    form->setVerticalSpacing(kGap);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form->setLabelAlignment(Qt::AlignLeft | Qt::AlignTop);
    auto* heading = new QLabel(title, parent);
    heading->setFont(textFont(TextSize::Heading));
    form->addRow(heading);
    return form;
}

QLabel* note(QWidget* parent, const char* name) {
    auto* label = new QLabel(parent);
    label->setObjectName(QString::fromLatin1(name));
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setForegroundRole(QPalette::PlaceholderText);
    label->setFont(textFont(TextSize::Note));
    return label;
}

/// Gives the labels of all forms the width of the widest, so that the fields stand in one column,
/// and the height of a field, so that a message under the field does not move them.
void alignLabels(QWidget* content) {
    std::vector<QWidget*> labels;
    int widest = 0;
    const int height = QLineEdit().sizeHint().height();
    for (const QFormLayout* form : content->findChildren<QFormLayout*>())
        for (int row = 0; row < form->rowCount(); ++row)
            if (const QLayoutItem* item = form->itemAt(row, QFormLayout::LabelRole)) {
                labels.push_back(item->widget());
                widest = std::max(widest, item->sizeHint().width());
            }
    for (QWidget* label : labels)
        label->setFixedSize(widest, height);
}

void addTypes(QComboBox* box, bool DataTypeInfo::*usable) {
    for (const DataTypeInfo& type : dataTypes())
        if (type.*usable)
            box->addItem(text(type.name), static_cast<int>(type.type));
}

void choose(QComboBox* box, const QVariant& value) {
    const QSignalBlocker blocker(box);
    box->setCurrentIndex(box->findData(value));
}

} // namespace

ConfigurationPanel::ConfigurationPanel(Session& session, QAction* run, QWidget* parent)
    : QWidget(parent), m_session(session) {
    setObjectName(QStringLiteral("configuration"));
    setMinimumWidth(kMinimumWidth);
    auto* content = new QWidget(this);
    auto* sections = new QVBoxLayout(content);
    sections->setContentsMargins(0, 0, 0, kMargin);
    sections->setSpacing(0);
    sections->addWidget(modelSection());
    sections->addWidget(hardwareSection());
    sections->addWidget(workloadSection());
    sections->addStretch();
    alignLabels(content);
    auto* scroll = new QScrollArea(this);
    scroll->setObjectName(QStringLiteral("configurationScroll"));
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidget(content);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(scroll, 1);
    column->addWidget(footer(run));
    fillModels();
    fillDevices();
    connect(&session, &Session::changed, this, &ConfigurationPanel::refresh);
    connect(&session, &Session::devicesChanged, this, &ConfigurationPanel::fillDevices);
    refresh();
}

QComboBox* ConfigurationPanel::combo(const char* name, const QString& label) {
    auto* box = new QComboBox(this);
    box->setObjectName(QString::fromLatin1(name));
    box->setAccessibleName(label);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(8);
    return box;
}

void ConfigurationPanel::addField(QFormLayout* form, Field field, const char* name,
                                  const QString& label, const QString& tip) {
    auto* row = new SessionField(m_session, field, QString::fromLatin1(name), label, this);
    row->edit()->setToolTip(tip);
    form->addRow(label, row);
}

QWidget* ConfigurationPanel::modelSection() {
    auto* page = new QWidget(this);
    QFormLayout* form = section(page, tr("Model"));
    m_model = combo("modelPreset", tr("Model"));
    m_model->setEditable(true);
    m_model->setInsertPolicy(QComboBox::NoInsert);
    m_model->completer()->setFilterMode(Qt::MatchContains);
    m_model->completer()->setCompletionMode(QCompleter::PopupCompletion);
    m_model->setToolTip(tr("Type to search the presets, or drop a model file on the window"));
    connect(m_model, &QComboBox::activated, this, [this](int index) {
        if (Result<ModelSpec> model =
                findModelPreset(m_model->itemData(index).toString().toStdString());
            model)
            m_session.setModel(*model);
    });
    auto* open = new QToolButton(page);
    open->setObjectName(QStringLiteral("openModel"));
    open->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Ignored); // as high as the field
    open->setIcon(themedIcon(QStringLiteral("open")));
    open->setToolTip(tr("config.json, GGUF or safetensors"));
    open->setAccessibleName(tr("Open a model file"));
    connect(open, &QToolButton::clicked, this, &ConfigurationPanel::openRequested);
    auto* row = new QHBoxLayout;
    row->setSpacing(kGap);
    row->addWidget(m_model, 1);
    row->addWidget(open);
    form->addRow(row);
    m_source = note(page, "modelSource");
    form->addRow(m_source);
    addField(form, Field::Layers, "layers", tr("Layers"), tr("Decoder layers"));
    addField(form, Field::Heads, "heads", tr("Query heads"), tr("n_heads"));
    addField(form, Field::KvHeads, "kvHeads", tr("KV heads"),
             tr("n_kv_heads: equal to the query heads is MHA, 1 is MQA, between is GQA"));
    addField(form, Field::HeadDim, "headDim", tr("head_dim"), tr("Elements of one head's key"));
    addField(form, Field::Window, "window", tr("Window"),
             tr("Tokens a sliding window holds; 0: the full context"));
    m_kvType = combo("kvType", tr("KV dtype"));
    addTypes(m_kvType, &DataTypeInfo::kvCache);
    connect(m_kvType, &QComboBox::activated, this, [this] {
        m_session.setKvType(static_cast<DataType>(m_kvType->currentData().toInt()));
    });
    form->addRow(tr("KV dtype"), m_kvType);
    m_weightsType = combo("weightsType", tr("Weights dtype"));
    addTypes(m_weightsType, &DataTypeInfo::weights);
    connect(m_weightsType, &QComboBox::activated, this, [this] {
        m_session.setWeightsType(static_cast<DataType>(m_weightsType->currentData().toInt()));
    });
    form->addRow(tr("Weights"), m_weightsType);
    addField(form, Field::ExtraKvHeads, "extraKvHeads", tr("What-ifs"),
             tr("More KV heads to compare, such as 4, 2: numbers that divide the query heads"));
    findChild<QLineEdit*>(QStringLiteral("extraKvHeads"))->setPlaceholderText(tr("KV heads: 4, 2"));
    return page;
}

QWidget* ConfigurationPanel::hardwareSection() {
    auto* page = new QWidget(this);
    QFormLayout* form = section(page, tr("Hardware"));
    m_device = combo("device", tr("Device"));
    connect(m_device, &QComboBox::activated, this, [this](int index) {
        m_session.setDevice(m_device->itemData(index).toString().toStdString());
    });
    form->addRow(m_device);
    m_detected = note(page, "detected");
    form->addRow(m_detected);
    addField(form, Field::Memory, "memory", tr("Memory"),
             tr("Capacity to plan with, such as 24 GiB; empty: the device's own"));
    addField(form, Field::Reserve, "reserve", tr("Reserve"), tr("Share of the memory kept free"));
    return page;
}

QWidget* ConfigurationPanel::workloadSection() {
    auto* page = new QWidget(this);
    QFormLayout* form = section(page, tr("Workload"));
    m_scope = combo("scope", tr("What to run"));
    m_scope->addItem(tr("Attention only"), static_cast<int>(Scope::Attention));
    m_scope->addItem(tr("Full decode step"), static_cast<int>(Scope::Step));
    m_scope->setToolTip(tr("The attention of all layers alone, without weights, or the whole "
                           "decode step with them"));
    connect(m_scope, &QComboBox::activated, this,
            [this] { m_session.setScope(static_cast<Scope>(m_scope->currentData().toInt())); });
    form->addRow(tr("Run"), m_scope);
    addField(form, Field::Contexts, "contexts", tr("Contexts"),
             tr("Tokens: a list (4K, 8K) or a range (1K-32K*2)"));
    addField(form, Field::Batches, "batch", tr("Batch"), tr("Sequences that decode together"));
    addField(form, Field::TimeBudget, "timeBudget", tr("Time budget"),
             tr("Most seconds the whole run may take"));
    return page;
}

QWidget* ConfigurationPanel::footer(QAction* run) {
    auto* page = new QWidget(this);
    page->setObjectName(QStringLiteral("configurationFooter"));
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(kMargin, kStep, kMargin, kStep);
    column->setSpacing(kStep);
    m_finding = note(page, "finding");
    m_finding->setForegroundRole(QPalette::WindowText);
    m_finding->setFont(textFont(TextSize::Body));
    m_finding->hide();
    column->addWidget(m_finding);
    auto* button = new QPushButton(page);
    button->setObjectName(QStringLiteral("runButton"));
    button->setDefault(true);
    button->setMinimumHeight(fontMetrics().height() * 2);
    const auto follow = [button, run] {
        button->setText(tr("Run measurement"));
        button->setEnabled(run->isEnabled());
        button->setIcon(themedIcon(QStringLiteral("run"), run->isEnabled()
                                                              ? QPalette::HighlightedText
                                                              : QPalette::ButtonText));
        button->setToolTip(run->toolTip());
    };
    connect(run, &QAction::changed, button, follow);
    connect(button, &QPushButton::clicked, run, &QAction::trigger);
    follow();
    column->addWidget(button);
    return page;
}

void ConfigurationPanel::fillModels() {
    const QSignalBlocker blocker(m_model);
    for (const ModelSpec& model : modelPresets())
        m_model->addItem(QString::fromStdString(model.name), QString::fromStdString(model.id));
}

void ConfigurationPanel::fillDevices() {
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

void ConfigurationPanel::setFinding(const QString& sentence) {
    m_finding->setText(sentence);
    m_finding->setVisible(!sentence.isEmpty());
}

void ConfigurationPanel::refresh() {
    const Configuration& chosen = m_session.configuration();
    const ModelSpec& model = chosen.model;
    choose(m_kvType, static_cast<int>(chosen.workload.kvTypes.key));
    choose(m_weightsType, static_cast<int>(chosen.workload.weightsType));
    choose(m_scope, static_cast<int>(chosen.workload.scope));
    choose(m_device, QString::fromStdString(chosen.deviceId));
    if (!m_model->lineEdit()->hasFocus() || m_model->findText(m_model->currentText()) >= 0) {
        choose(m_model, QString::fromStdString(model.id));
        m_model->lineEdit()->setText(QString::fromStdString(model.name));
        m_model->lineEdit()->setCursorPosition(0);
    }
    const bool preset = model.source.format == "preset";
    QString source =
        preset ? tr("Preset") : tr("From %1").arg(QString::fromStdString(model.source.path));
    if (model.maxPosition)
        source += tr(", trained for %1 tokens")
                      .arg(QString::fromStdString(formatCount(*model.maxPosition)));
    if (chosen.shape.any())
        source += tr(", shape changed by hand");
    m_source->setText(source);
    const PlanDevice device = m_session.planDevice();
    QString detected = m_session.localDevice()     ? tr("Detected: ")
                       : m_session.deviceIsLocal() ? tr("First guess: ")
                                                   : tr("Datasheet: ");
    detected += device.memoryBytes > 0 ? QString::fromStdString(formatBytes(device.memoryBytes))
                                       : tr("memory unknown");
    if (device.roofs.bandwidthBytesPerSecond > 0)
        detected += tr(", %1 GB/s %2")
                        .arg(device.roofs.bandwidthBytesPerSecond / 1e9, 0, 'f', 1)
                        .arg(device.roofs.measured ? tr("measured") : tr("on paper"));
    m_detected->setText(detected);
}

} // namespace decodescope
