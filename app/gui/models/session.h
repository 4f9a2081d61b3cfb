// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <QObject>
#include <QSet>
#include <QString>

#include "app/gui/models/baseline.h"
#include "app/gui/models/field.h"
#include "app/gui/models/overview_builder.h"
#include "core/engine/backend.h"
#include "core/plan/plan.h"
#include "core/profile/profiler.h"
#include "core/profile/recording.h"

namespace decodescope {

struct ClaimTest;

/// What the user has chosen, what is wrong with it, and what follows from it on paper. Knows no
/// widget. Everything is recomputed at once on a change; a plan of three variants takes well under
/// a millisecond.
class Session : public QObject {
    Q_OBJECT
public:
    explicit Session(QObject* parent = nullptr);

    [[nodiscard]] const Configuration& configuration() const { return m_configuration; }
    void reset();                          ///< all that was chosen; devices and samples stay
    void setModel(const ModelSpec& model); ///< typed shape values are dropped
    /// What the last run of a recording was asked to do. Its device stays the recording's matter,
    /// but a local device of the same name without roofs goes by those that the recording has.
    void setRun(const Recording& recording);
    void setText(Field field, const QString& text);
    void setKvTypes(KvTypes types);
    void setWeightsType(DataType type);
    void setScope(Scope scope);
    void setDevice(const std::string& id); ///< local or of the catalogue
    /// Whose allocation rules: a name of engines(). Another name changes nothing.
    void setEngine(std::string_view name);
    /// Sets the workload to what decides a claim.
    void prepare(const ClaimTest& test);
    /// Keeps the contexts up to this one and makes it the longest.
    void useContext(std::int64_t tokens);

    [[nodiscard]] QString text(Field field) const;    ///< as typed where it is wrong
    [[nodiscard]] QString message(Field field) const; ///< empty: the field is right
    [[nodiscard]] bool valid() const;

    /// What the monitor found. A device that is known already is replaced.
    void addDevice(const DeviceInfo& device);
    void setCeilings(const std::string& deviceId, const Ceilings& ceilings);
    [[nodiscard]] const std::vector<DeviceInfo>& devices() const { return m_devices; }
    [[nodiscard]] const DeviceInfo* localDevice() const; ///< null: not detected, or a catalogue one
    [[nodiscard]] bool deviceIsLocal() const;
    [[nodiscard]] PlanDevice planDevice() const;
    /// What plans are made for: as chosen, with no more pipeline ranks than layers.
    [[nodiscard]] Deployment deployment() const;
    /// Nothing measured here is of the plan: it is for a catalogue device, or for several.
    [[nodiscard]] bool planOnly() const;
    /// Bytes the engine itself keeps free of the device.
    [[nodiscard]] std::uint64_t engineReserveBytes() const;

    void setSamples(std::vector<Sample> samples);
    [[nodiscard]] const std::vector<Sample>& samples() const { return m_samples; }

    /// What is compared with. It stays while models and runs come and go.
    void setBaseline(Baseline baseline);
    void clearBaseline();
    [[nodiscard]] const std::optional<Baseline>& baseline() const { return m_baseline; }
    /// Compares this with the baseline instead of what the window holds, until the baseline
    /// changes or something is measured.
    void setCompared(std::optional<ComparedSet> set);
    [[nodiscard]] const std::optional<ComparedSet>& compared() const { return m_compared; }

    [[nodiscard]] const OverviewData& overview() const { return m_overview; }
    /// What overview() is made from.
    [[nodiscard]] OverviewInput overviewInput() const { return input(m_samples); }
    /// Shows or hides a variant in all charts; it stays so while the model changes.
    void setShown(const QString& label, bool shown);
    /// Plans of all variants at the chosen context, of the whole step.
    [[nodiscard]] std::vector<Plan> plans() const;
    /// The same elsewhere.
    [[nodiscard]] std::vector<Plan> plansAt(std::int64_t context, std::int64_t batch) const;
    /// The model itself at its longest context, where that does not fit.
    [[nodiscard]] std::optional<Plan> tooLarge() const;
    /// Why a run cannot start; empty where it can.
    [[nodiscard]] QString whyNoRun() const;
    [[nodiscard]] Result<RunRequest> request(bool quickLook) const;
    /// The overview of what a run measures, which need not be what is chosen now.
    [[nodiscard]] OverviewData overviewOf(const RunRequest& request) const;

signals:
    void changed();        ///< the configuration, and with it the overview
    void devicesChanged(); ///< the list of local devices

private:
    [[nodiscard]] OverviewInput input(std::span<const Sample> samples) const;
    void forget(Field field); ///< what was wrong with it
    void takeRecordedCeilings(DeviceInfo& device) const;
    void recompute();

    Configuration m_configuration;
    std::map<Field, QString> m_wrongTexts;
    std::map<Field, QString> m_messages;
    std::vector<DeviceInfo> m_devices;
    std::map<std::string, Ceilings>
        m_recordedCeilings; ///< of devices, by name: where none are known
    std::vector<Variant> m_variants;
    std::vector<Sample> m_samples;
    std::optional<Baseline> m_baseline;
    std::optional<ComparedSet> m_compared;
    OverviewData m_overview;
    QSet<QString> m_hidden; ///< labels of variants
};

} // namespace decodescope
