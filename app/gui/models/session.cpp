// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/session.h"

#include <algorithm>
#include <set>

#include "app/gui/models/guessed_memory.h"
#include "core/profile/claims.h"
#include "core/profile/measured_device.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr std::uint64_t kQuickLookBytes = 256 * kMiB;
constexpr double kQuickLookSeconds = 2;
// One MHA layer of an 8B-class model at this context is 64 MiB: three variants fit side by side.
constexpr std::int64_t kQuickLookContext = 4096;

/// KV heads that were measured beside those of the default variants.
std::vector<std::int64_t> extraKvHeads(const ModelSpec& model, const std::vector<Sample>& samples) {
    std::set<std::string> usual;
    for (const Variant& variant : defaultVariants(model))
        usual.insert(variant.label);
    const LayerSpec* layer = model.attentionLayer();
    std::vector<std::int64_t> extra;
    for (const Sample& sample : samples)
        if (layer && sample.nHeads == layer->nHeads && sample.layers == model.layerCount() &&
            sample.nKvHeads > 0 && usual.insert(sample.variant).second)
            extra.push_back(sample.nKvHeads);
    return extra;
}

} // namespace

Session::Session(QObject* parent) : QObject(parent) {
    reset();
}

void Session::reset() {
    m_configuration = {};
    m_wrongTexts.clear();
    m_messages.clear();
    if (const Result<ModelSpec> model = findModelPreset(kDefaultModelId); model)
        m_configuration.model = *model;
    recompute();
}

void Session::setModel(const ModelSpec& model) {
    m_configuration.model = model;
    m_configuration.shape = {};
    if (model.weights.type && info(*model.weights.type).weights)
        m_configuration.workload.weightsType = *model.weights.type;
    for (const Field field : {Field::Layers, Field::Heads, Field::KvHeads, Field::HeadDim,
                              Field::Window, Field::LayersPerCache})
        forget(field);
    const LayerSpec* layer = model.attentionLayer();
    std::erase_if(m_configuration.extraKvHeads,
                  [&](std::int64_t count) { return !layer || layer->nHeads % count != 0; });
    recompute();
}

void Session::setRun(const Recording& recording) {
    if (recording.runs.empty())
        return;
    const RunStarted& run = recording.runs.back();
    m_configuration.workload = run.workload;
    m_configuration.deployment = run.deployment;
    m_configuration.extraKvHeads = extraKvHeads(run.model, recording.samples);
    if (!recording.calibrations.empty())
        m_recordedCeilings[run.device.name] = recording.calibrations.back().ceilings;
    for (DeviceInfo& device : m_devices)
        takeRecordedCeilings(device);
    m_wrongTexts.clear();
    m_messages.clear();
    setModel(run.model);
    // The model's own type of weights gave way to what was measured with.
    setWeightsType(run.workload.weightsType);
}

void Session::setText(Field field, const QString& typed) {
    if (typed == text(field))
        return;
    const QString message = applyField(field, typed, m_configuration);
    if (message.isEmpty()) {
        forget(field);
    } else {
        m_messages[field] = message;
        m_wrongTexts[field] = typed;
    }
    recompute();
}

void Session::setKvTypes(KvTypes types) {
    m_configuration.workload.kvTypes = types;
    recompute();
}

void Session::setWeightsType(DataType type) {
    m_configuration.workload.weightsType = type;
    recompute();
}

void Session::setScope(Scope scope) {
    m_configuration.workload.scope = scope;
    recompute();
}

void Session::setDevice(const std::string& id) {
    m_configuration.deviceId = id;
    if (deviceIsLocal()) // its field is not shown
        forget(Field::Efficiency);
    recompute();
}

void Session::setEngine(std::string_view name) {
    for (const Engine& engine : engines())
        if (engine.name == name)
            m_configuration.deployment.engine = engine;
    recompute();
}

void Session::forget(Field field) {
    m_wrongTexts.erase(field);
    m_messages.erase(field);
}

void Session::prepare(const ClaimTest& test) {
    Workload& workload = m_configuration.workload;
    workload.scope = test.scope;
    workload.contexts = test.contexts;
    workload.batches = {test.batch};
    workload.maxSeconds = test.maxSeconds;
    for (const Field field : {Field::Contexts, Field::Batches, Field::TimeBudget})
        forget(field);
    recompute();
}

void Session::useContext(std::int64_t tokens) {
    std::vector<std::int64_t>& contexts = m_configuration.workload.contexts;
    std::erase_if(contexts, [&](std::int64_t each) { return each >= tokens; });
    contexts.push_back(tokens);
    forget(Field::Contexts);
    recompute();
}

QString Session::text(Field field) const {
    const auto wrong = m_wrongTexts.find(field);
    return wrong != m_wrongTexts.end() ? wrong->second : fieldText(field, m_configuration);
}

QString Session::message(Field field) const {
    const auto found = m_messages.find(field);
    return found != m_messages.end() ? found->second : crossFieldMessage(field, m_configuration);
}

bool Session::valid() const {
    return std::all_of(std::begin(kFields), std::end(kFields),
                       [this](Field field) { return message(field).isEmpty(); });
}

void Session::addDevice(const DeviceInfo& device) {
    const auto known = std::find_if(m_devices.begin(), m_devices.end(),
                                    [&](const DeviceInfo& each) { return each.id == device.id; });
    if (known == m_devices.end()) {
        m_devices.push_back(device);
        takeRecordedCeilings(m_devices.back());
    } else {
        // What a run measured outlives a list that knows of no calibration.
        const std::optional<Ceilings> measured = known->ceilings;
        *known = device;
        if (!known->ceilings)
            known->ceilings = measured;
        takeRecordedCeilings(*known);
    }
    recompute();
    emit devicesChanged();
}

void Session::takeRecordedCeilings(DeviceInfo& device) const {
    const auto recorded = m_recordedCeilings.find(device.name);
    if (!device.ceilings && recorded != m_recordedCeilings.end())
        device.ceilings = recorded->second;
}

void Session::setCeilings(const std::string& deviceId, const Ceilings& ceilings) {
    for (DeviceInfo& device : m_devices)
        if (device.id == deviceId || device.name == deviceId)
            device.ceilings = ceilings;
    recompute();
    emit devicesChanged();
}

const DeviceInfo* Session::localDevice() const {
    const auto found =
        std::find_if(m_devices.begin(), m_devices.end(), [this](const DeviceInfo& each) {
            return each.id == m_configuration.deviceId;
        });
    return found == m_devices.end() ? nullptr : &*found;
}

bool Session::deviceIsLocal() const {
    return localDevice() || !findDevicePreset(m_configuration.deviceId);
}

PlanDevice Session::planDevice() const {
    PlanDevice device;
    if (const DeviceInfo* local = localDevice()) {
        device = measuredDevice(*local);
    } else if (const Result<DeviceSpec> preset = findDevicePreset(m_configuration.deviceId);
               preset) {
        device = decodescope::planDevice(*preset);
        device.range = m_configuration.efficiency.value_or(device.range);
    } else {
        device.name = tr("this machine").toStdString();
        device.memoryBytes = guessedMemoryBytes().value_or(0);
        device.cpu = true;
    }
    if (m_configuration.memoryBytes)
        device.setMemory(*m_configuration.memoryBytes);
    return device;
}

Deployment Session::deployment() const {
    Deployment deployment = m_configuration.deployment;
    if (!m_variants.empty())
        deployment.pipelineParallel =
            std::min(deployment.pipelineParallel, m_variants.front().model.layerCount());
    return deployment;
}

bool Session::planOnly() const {
    return !deviceIsLocal() || m_configuration.deployment.ranks() > 1;
}

std::uint64_t Session::engineReserveBytes() const {
    return m_configuration.deployment.engine.reserveBytes(planDevice().memoryBytes);
}

OverviewInput Session::input(std::span<const Sample> samples) const {
    const Workload& workload = m_configuration.workload;
    return {m_variants,   planDevice(),
            workload,     chosenContext(workload),
            deployment(), planOnly() ? std::span<const Sample>() : samples,
            planOnly()};
}

void Session::setSamples(std::vector<Sample> samples) {
    m_samples = std::move(samples);
    recompute();
}

void Session::setBaseline(Baseline baseline) {
    m_baseline = std::move(baseline);
    m_compared.reset();
    emit changed();
}

void Session::clearBaseline() {
    m_baseline.reset();
    m_compared.reset();
    emit changed();
}

void Session::setCompared(std::optional<ComparedSet> set) {
    m_compared = std::move(set);
    emit changed();
}

std::vector<Plan> Session::plans() const {
    return roomPlans(input({}));
}

std::vector<Plan> Session::plansAt(std::int64_t context, std::int64_t batch) const {
    OverviewInput elsewhere = input({});
    elsewhere.context = context;
    elsewhere.workload.batches = {batch};
    return roomPlans(elsewhere);
}

std::optional<Plan> Session::tooLarge() const {
    const Workload& workload = m_configuration.workload;
    if (planDevice().memoryBytes == 0 || workload.contexts.empty())
        return std::nullopt;
    const auto longest = *std::max_element(workload.contexts.begin(), workload.contexts.end());
    for (const Plan& plan : decodescope::plansAt(input({}), longest))
        if (!plan.variant.whatIf && !plan.fits)
            return plan;
    return std::nullopt;
}

QString Session::whyNoRun() const {
    for (const Field field : kFields)
        if (QString wrong = message(field); !wrong.isEmpty() && field != Field::PcieRate)
            return wrong; // the link is a plan's matter alone
    if (m_variants.empty())
        return tr("This shape makes no model.");
    if (!deviceIsLocal())
        return tr("%1 is from the catalogue: it can be planned for, not measured. Choose a device "
                  "of this machine to run.")
            .arg(QString::fromStdString(planDevice().name));
    if (const std::int64_t ranks = m_configuration.deployment.ranks(); ranks > 1)
        return tr("A plan for %1 devices cannot be measured on one. Set tensor-parallel and "
                  "pipeline "
                  "ranks to 1 to run.")
            .arg(ranks);
    if (const DeviceInfo* local = localDevice(); local && !local->available)
        return QString::fromStdString(local->reason);
    return {};
}

Result<RunRequest> Session::request(bool quickLook) const {
    if (const QString why = whyNoRun(); !why.isEmpty())
        return Error{ErrorCode::BadUsage, why.toStdString(), "", ""};
    RunRequest request;
    request.deviceId = m_configuration.deviceId;
    Result<ModelSpec> model = effectiveModel(m_configuration);
    if (!model)
        return model.error();
    request.model = std::move(*model);
    request.variants = m_variants;
    request.workload = m_configuration.workload;
    request.deployment = deployment();
    request.capacityBytes = m_configuration.memoryBytes.value_or(0);
    request.quickLook = quickLook;
    if (quickLook) {
        request.workload.contexts = {std::min(chosenContext(request.workload), kQuickLookContext)};
        request.workload.batches.resize(1);
        request.workload.maxSeconds = kQuickLookSeconds;
        request.budgetBytes = kQuickLookBytes;
    }
    return request;
}

void Session::setShown(const QString& label, bool shown) {
    if (shown)
        m_hidden.remove(label);
    else
        m_hidden.insert(label);
    recompute();
}

OverviewData Session::overviewOf(const RunRequest& request) const {
    return buildOverview({request.variants,
                          planDevice(),
                          request.workload,
                          chosenContext(request.workload),
                          request.deployment,
                          {},
                          false});
}

void Session::recompute() {
    const Result<std::vector<Variant>> variants = variantsOf(m_configuration);
    if (variants)
        m_variants = *variants;
    m_overview = buildOverview(overviewInput());
    for (VariantSeries& variant : m_overview.variants)
        variant.visible = !m_hidden.contains(variant.label);
    emit changed();
}

} // namespace decodescope
