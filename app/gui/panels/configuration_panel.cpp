// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/configuration_panel.h"

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
#include <QToolButton>
#include <QVBoxLayout>

#include "app/gui/panels/form_section.h"
#include "app/gui/panels/hardware_section.h"
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

QString text(std::string_view from) {
    return QString::fromUtf8(from.data(), static_cast<qsizetype>(from.size()));
}

void addTypes(QComboBox* box, bool DataTypeInfo::*usable) {
    for (const DataTypeInfo& type : dataTypes())
        if (type.*usable)
            box->addItem(text(type.name), static_cast<int>(type.type));
}

DataType chosenType(const QComboBox* box) {
    return static_cast<DataType>(box->currentData().toInt());
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
    sections->addWidget(new HardwareSection(session, content));
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
    connect(&session, &Session::changed, this, &ConfigurationPanel::refresh);
    refresh();
}

QWidget* ConfigurationPanel::modelSection() {
    auto* page = new QWidget(this);
    QFormLayout* form = formSection(page, tr("Model"));
    m_model = formCombo(page, "modelPreset", tr("Model"));
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
    m_source = formNote(page, "modelSource");
    form->addRow(m_source);
    const auto addField = [&](Field field, const char* name, const QString& label,
                              const QString& tip) {
        return addSessionField(form, m_session, field, name, label, tip);
    };
    addField(Field::Layers, "layers", tr("Layers"), tr("Decoder layers"));
    addField(Field::Heads, "heads", tr("Query heads"), tr("n_heads"));
    addField(Field::KvHeads, "kvHeads", tr("KV heads"),
             tr("n_kv_heads: equal to the query heads is MHA, 1 is MQA, between is GQA"));
    addField(Field::HeadDim, "headDim", tr("head_dim"), tr("Elements of one head's key"));
    addField(Field::Window, "window", tr("Window"),
             tr("Tokens a sliding window holds; 0: the full context"));
    m_layersPerCache = addField(Field::LayersPerCache, "layersPerCache", tr("Layers a cache"), {});
    m_layersPerCache->setPlaceholder(tr("as the model has it"));
    addCacheTypes(form, page);
    m_weightsType = formCombo(page, "weightsType", tr("Weights dtype"));
    addTypes(m_weightsType, &DataTypeInfo::weights);
    connect(m_weightsType, &QComboBox::activated, this,
            [this] { m_session.setWeightsType(chosenType(m_weightsType)); });
    form->addRow(tr("Weights"), m_weightsType);
    SessionField* whatIfs =
        addField(Field::ExtraKvHeads, "extraKvHeads", tr("What-ifs"),
                 tr("More KV heads to compare, such as 4, 2: numbers that divide the query heads"));
    whatIfs->setPlaceholder(tr("KV heads: 4, 2"));
    return page;
}

void ConfigurationPanel::addCacheTypes(QFormLayout* form, QWidget* page) {
    const auto add = [&](const char* name, const QString& label, const QString& spoken) {
        QComboBox* box = formCombo(page, name, spoken);
        addTypes(box, &DataTypeInfo::kvCache);
        form->addRow(label, box);
        return box;
    };
    m_keyType = add("keyType", tr("K dtype"), tr("Type of keys"));
    m_keyType->setToolTip(tr("Type of keys; values of the same type follow it"));
    m_valueType = add("valueType", tr("V dtype"), tr("Type of values"));
    m_valueType->setToolTip(tr("Type of values"));
    connect(m_keyType, &QComboBox::activated, this, &ConfigurationPanel::chooseKeyType);
    connect(m_valueType, &QComboBox::activated, this, [this] {
        m_session.setKvTypes(
            {m_session.configuration().workload.kvTypes.key, chosenType(m_valueType)});
    });
}

/// Values that had the keys' type keep to it, so that the usual case is one choice.
void ConfigurationPanel::chooseKeyType() {
    const KvTypes before = m_session.configuration().workload.kvTypes;
    const DataType key = chosenType(m_keyType);
    m_session.setKvTypes({key, before.value == before.key ? key : before.value});
}

QWidget* ConfigurationPanel::workloadSection() {
    auto* page = new QWidget(this);
    QFormLayout* form = formSection(page, tr("Workload"));
    m_scope = formCombo(page, "scope", tr("What to run"));
    m_scope->addItem(tr("Attention only"), static_cast<int>(Scope::Attention));
    m_scope->addItem(tr("Full decode step"), static_cast<int>(Scope::Step));
    m_scope->setToolTip(tr("The attention of all layers alone, without weights, or the whole "
                           "decode step with them"));
    connect(m_scope, &QComboBox::activated, this,
            [this] { m_session.setScope(static_cast<Scope>(m_scope->currentData().toInt())); });
    form->addRow(tr("Run"), m_scope);
    addSessionField(form, m_session, Field::Contexts, "contexts", tr("Contexts"),
                    tr("Tokens: a list (4K, 8K) or a range (1K-32K*2)"));
    addSessionField(form, m_session, Field::Batches, "batch", tr("Batch"),
                    tr("Sequences that decode together"));
    addSessionField(form, m_session, Field::TimeBudget, "timeBudget", tr("Time budget"),
                    tr("Most seconds the whole run may take"));
    return page;
}

QWidget* ConfigurationPanel::footer(QAction* run) {
    auto* page = new QWidget(this);
    page->setObjectName(QStringLiteral("configurationFooter"));
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(kMargin, kStep, kMargin, kStep);
    column->setSpacing(kStep);
    m_finding = formNote(page, "finding");
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

void ConfigurationPanel::setFinding(const QString& sentence) {
    m_finding->setText(sentence);
    m_finding->setVisible(!sentence.isEmpty());
}

void ConfigurationPanel::refresh() {
    const Configuration& chosen = m_session.configuration();
    const ModelSpec& model = chosen.model;
    choose(m_keyType, static_cast<int>(chosen.workload.kvTypes.key));
    choose(m_valueType, static_cast<int>(chosen.workload.kvTypes.value));
    const bool ownCaches = layersPerCache(model) == 1;
    m_layersPerCache->setEnabled(ownCaches);
    m_layersPerCache->edit()->setToolTip(
        ownCaches ? tr("Layers in a row that share the cache of the first; 1: each has its own")
                  : tr("This model says itself which of its layers share a cache"));
    choose(m_weightsType, static_cast<int>(chosen.workload.weightsType));
    choose(m_scope, static_cast<int>(chosen.workload.scope));
    if (!m_model->lineEdit()->hasFocus() || m_model->findText(m_model->currentText()) >= 0) {
        choose(m_model, QString::fromStdString(model.id));
        m_model->lineEdit()->setText(QString::fromStdString(model.name));
        m_model->lineEdit()->setCursorPosition(0);
    }
    QString source = tr("From %1").arg(QString::fromStdString(model.source.path));
    if (model.source.format == "preset")
        source = tr("Preset");
    else if (model.source.path.empty())
        source = tr("By hand");
    if (model.maxPosition)
        source += tr(", trained for %1 tokens")
                      .arg(QString::fromStdString(formatCount(*model.maxPosition)));
    if (chosen.shape.any())
        source += tr(", shape changed by hand");
    m_source->setText(source);
}

} // namespace decodescope
