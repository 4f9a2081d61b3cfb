// SPDX-License-Identifier: Apache-2.0
#include "gpu/nvml.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "gpu/dynamic_library.h"

namespace decodescope {
namespace {

// Types and values of the NVML API (NVIDIA Management Library Reference Manual).
using Return = int; ///< nvmlReturn_t
using Device = void*;
using ReadUnsigned = Return(Device, unsigned*);
using ReadLong = Return(Device, unsigned long long*);

constexpr Return kSuccess = 0;
constexpr Return kInsufficientSize = 7;
constexpr int kSmClock = 1;
constexpr int kMemoryClock = 2;
constexpr int kGpuTemperature = 0;
constexpr auto kNotAvailable = ~std::uint64_t{0};

/// nvmlProcessInfo_t since version 2 of the call.
struct ProcessInfo {
    unsigned processId = 0;
    unsigned long long usedBytes = 0;
    unsigned gpuInstance = 0;
    unsigned computeInstance = 0;
};
static_assert(sizeof(ProcessInfo) == 24);
using ListProcesses = Return(Device, unsigned*, ProcessInfo*);

struct Reason {
    std::uint64_t bit;
    const char* words;
};
constexpr std::array kReasons = {
    Reason{0x02, "application clocks"}, Reason{0x04, "power cap"},
    Reason{0x08, "hardware slowdown"},  Reason{0x10, "clocks synchronised with other GPUs"},
    Reason{0x20, "temperature"},        Reason{0x40, "temperature, by the hardware"},
    Reason{0x80, "power brake"},        Reason{0x100, "display clocks"},
};

} // namespace

/// The library and what of it is used. Only what is needed to name a GPU must be there.
struct Nvml::Calls {
    explicit Calls(DynamicLibrary opened) : library(std::move(opened)) {}

    DynamicLibrary library;
    Return (*init)() = nullptr;
    Return (*shutdown)() = nullptr;
    Return (*handleByBusId)(const char*, Device*) = nullptr;
    Return (*clock)(Device, int, unsigned*) = nullptr;
    Return (*temperature)(Device, int, unsigned*) = nullptr;
    ReadUnsigned* power = nullptr;
    ReadLong* reasons = nullptr;
    ReadLong* energy = nullptr;
    ListProcesses* processes = nullptr;

    [[nodiscard]] bool find() {
        library.find("nvmlDeviceGetClockInfo", clock);
        library.find("nvmlDeviceGetTemperature", temperature);
        library.find("nvmlDeviceGetPowerUsage", power);
        library.find("nvmlDeviceGetTotalEnergyConsumption", energy);
        if (!library.find("nvmlDeviceGetCurrentClocksEventReasons", reasons))
            library.find("nvmlDeviceGetCurrentClocksThrottleReasons", reasons); // older drivers
        if (!library.find("nvmlDeviceGetComputeRunningProcesses_v3", processes))
            library.find("nvmlDeviceGetComputeRunningProcesses_v2", processes);
        return library.find("nvmlInit_v2", init) && library.find("nvmlShutdown", shutdown) &&
               library.find("nvmlDeviceGetHandleByPciBusId_v2", handleByBusId);
    }

    [[nodiscard]] std::optional<Device> device(const std::string& busId) const {
        Device found = nullptr;
        if (handleByBusId(busId.c_str(), &found) != kSuccess)
            return std::nullopt;
        return found;
    }
};

namespace {

/// The number that `call` gives for `arguments`, times `unit`; nothing where it is missing or
/// refuses.
template <typename Number, typename Call, typename... Arguments>
std::optional<double> reading(double unit, Call* call, Arguments... arguments) {
    Number value = 0;
    if (!call || call(arguments..., &value) != kSuccess)
        return std::nullopt;
    return unit * static_cast<double>(value);
}

} // namespace

std::string pciBusId(int domain, int bus, int device) {
    return fmt::format("{:08x}:{:02x}:{:02x}.0", domain, bus, device);
}

std::vector<std::string> throttleReasons(std::uint64_t bits) {
    std::vector<std::string> words;
    for (const Reason& reason : kReasons)
        if (bits & reason.bit)
            words.emplace_back(reason.words);
    return words;
}

std::unique_ptr<Nvml> Nvml::open(const std::string& library) {
    std::optional<DynamicLibrary> opened = DynamicLibrary::open(library);
    if (!opened)
        return nullptr;
    auto calls = std::make_unique<Calls>(std::move(*opened));
    if (!calls->find() || calls->init() != kSuccess)
        return nullptr;
    return std::unique_ptr<Nvml>(new Nvml(std::move(calls)));
}

Nvml::Nvml(std::unique_ptr<Calls> calls) : m_calls(std::move(calls)) {}

Nvml::~Nvml() {
    static_cast<void>(m_calls->shutdown());
}

DeviceConditions Nvml::conditions(const std::string& busId) const {
    DeviceConditions now;
    const std::optional<Device> device = m_calls->device(busId);
    if (!device)
        return now;
    constexpr double kMilli = 1e-3;
    now.smClockMhz = reading<unsigned>(1, m_calls->clock, *device, kSmClock);
    now.memoryClockMhz = reading<unsigned>(1, m_calls->clock, *device, kMemoryClock);
    now.powerWatts = reading<unsigned>(kMilli, m_calls->power, *device);
    now.temperatureCelsius = reading<unsigned>(1, m_calls->temperature, *device, kGpuTemperature);
    now.energyJoules = reading<unsigned long long>(kMilli, m_calls->energy, *device);
    unsigned long long bits = 0;
    if (m_calls->reasons && m_calls->reasons(*device, &bits) == kSuccess)
        now.throttleReasons = throttleReasons(bits);
    return now;
}

std::optional<std::uint64_t> Nvml::processBytes(const std::string& busId,
                                                std::uint32_t processId) const {
    const std::optional<Device> device = m_calls->device(busId);
    if (!device || !m_calls->processes)
        return std::nullopt;
    // Between being told the count and asking for so many, others may come.
    constexpr unsigned kRoom = 64;
    std::vector<ProcessInfo> listed(kRoom);
    auto count = static_cast<unsigned>(listed.size());
    Return status = m_calls->processes(*device, &count, listed.data());
    if (status == kInsufficientSize) {
        listed.resize(std::size_t{count} + kRoom);
        count = static_cast<unsigned>(listed.size());
        status = m_calls->processes(*device, &count, listed.data());
    }
    if (status != kSuccess)
        return std::nullopt;
    for (unsigned i = 0; i < count && i < listed.size(); ++i)
        if (listed[i].processId == processId && listed[i].usedBytes != kNotAvailable)
            return listed[i].usedBytes;
    return std::nullopt;
}

} // namespace decodescope
