// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <stop_token>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/backends.h"
#include "app/cli/commands/commands.h"
#include "app/cli/input_lines.h"
#include "app/cli/output.h"
#include "app/cli/stop_signals.h"
#include "core/profile/event.h"
#include "core/report/markdown.h"
#include "core/spec/json_field.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

struct Options {
    OutputOptions output;
    std::string device = "auto";
    bool catalogue = false;
    bool stream = false;
};

std::string bytesOrUnknown(const std::optional<std::uint64_t>& bytes) {
    return bytes ? formatBytes(*bytes) : "–";
}

std::string kernelsOf(const DeviceInfo& device) {
    if (device.simd.empty())
        return device.computeCapability;
    std::string kernels = device.simd;
    if (device.bf16Matrix)
        kernels += ", bf16 matrix products";
    else if (device.bf16Dot)
        kernels += ", bf16 dot products";
    if (device.int8Dot)
        kernels += ", int8 dot products";
    return kernels;
}

std::string table(const std::vector<DeviceInfo>& devices) {
    std::vector<std::vector<std::string>> rows;
    for (const DeviceInfo& each : devices) {
        std::string speed = "not calibrated";
        if (!each.available)
            speed = each.reason;
        else if (each.ceilings)
            speed = fmt::format("{:.1f} GB/s, {:.0f} GFLOP/s measured",
                                each.ceilings->bandwidthBytesPerSecond / 1e9,
                                each.ceilings->flopPerSecond / 1e9);
        rows.push_back({each.id, each.name, each.available ? "yes" : "no",
                        bytesOrUnknown(each.memoryTotalBytes), bytesOrUnknown(each.memoryFreeBytes),
                        each.backend == "cpu" ? formatCount(each.threads) : "–", kernelsOf(each),
                        speed});
    }
    return toMarkdown({{"id"},
                       {"name"},
                       {"usable"},
                       {"memory", true},
                       {"free", true},
                       {"threads", true},
                       {"kernels"},
                       {"speed, or why not"}},
                      rows);
}

constexpr std::string_view kKeys[] = {"id",
                                      "name",
                                      "backend",
                                      "available",
                                      "reason",
                                      "memory_total_bytes",
                                      "memory_free_bytes",
                                      "last_level_cache_bytes",
                                      "threads",
                                      "simd",
                                      "bf16_dot",
                                      "int8_dot",
                                      "bf16_matrix",
                                      "compute_capability",
                                      "driver_version",
                                      "measured_bandwidth_bytes_per_second",
                                      "measured_flop_per_second"};

constexpr std::string_view kCatalogueKeys[] = {"id",
                                               "name",
                                               "vendor",
                                               "device_kind",
                                               "memory_bytes",
                                               "bandwidth_bytes_per_second",
                                               "half_flop_per_second",
                                               "float_flop_per_second",
                                               "unverified",
                                               "sources"};

std::vector<nlohmann::json> catalogueRecords() {
    std::vector<nlohmann::json> all;
    for (const DeviceSpec& each : devicePresets())
        all.push_back({{"id", each.id},
                       {"name", each.name},
                       {"vendor", each.vendor},
                       {"device_kind", each.kind},
                       {"memory_bytes", each.memoryBytes},
                       {"bandwidth_bytes_per_second", each.bandwidthBytesPerSecond},
                       {"half_flop_per_second", orNull(each.halfFlopPerSecond)},
                       {"float_flop_per_second", orNull(each.floatFlopPerSecond)},
                       {"unverified", each.unverified},
                       {"sources", each.citations}});
    return all;
}

std::string catalogueTable() {
    std::vector<std::vector<std::string>> rows;
    for (const DeviceSpec& each : devicePresets()) {
        const auto tera = [](const std::optional<double>& flop) {
            return flop ? fmt::format("{:.1f}", *flop / 1e12) : std::string("–");
        };
        rows.push_back({each.id, each.name,
                        each.memoryBytes > 0 ? formatBytes(each.memoryBytes) : "any",
                        fmt::format("{:.0f}", each.bandwidthBytesPerSecond / 1e9),
                        tera(each.halfFlopPerSecond), tera(each.floatFlopPerSecond),
                        each.unverified.empty() ? "" : "some fields unverified"});
    }
    return toMarkdown({{"id"},
                       {"name"},
                       {"memory", true},
                       {"GB/s", true},
                       {"16-bit TFLOP/s", true},
                       {"f32 TFLOP/s", true},
                       {"notes"}},
                      rows);
}

/// Devices first, then the memory of one of them ten times a second, until the input ends.
Status stream(const Options& options) {
    using namespace std::chrono_literals;
    const Backends backends;
    for (const DeviceInfo& each : backends.devices())
        if (Status status = writeLine(toLine(DeviceFound{each})); !status)
            return status;
    const Result<Backends::Found> found = backends.usable(options.device);
    if (!found)
        return found.error();
    std::stop_source stop;
    const StopSignals signals(stop);
    const InputCommands watcher(InputLines(), stop);
    const auto begin = std::chrono::steady_clock::now();
    while (!stop.stop_requested()) {
        MemoryEvent event;
        event.atMs =
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
                .count();
        event.reading = found->backend->readMemory(found->device.id);
        event.reading.processBytes.reset(); // of this process, which holds nothing of interest
        if (Status status = writeLine(toLine(event)); !status)
            return status;
        std::this_thread::sleep_for(100ms);
    }
    return Done{};
}

Status devices(const Options& options) {
    if (options.stream)
        return stream(options);
    const Result<ReportFormat> format = options.output.reportFormat();
    if (!format)
        return format.error();
    const bool forPeople = *format == ReportFormat::Markdown;
    if (options.catalogue)
        return options.output.write(forPeople
                                        ? catalogueTable()
                                        : recordsText(kCatalogueKeys, catalogueRecords(), *format));
    const std::vector<DeviceInfo> all = Backends().devices();
    if (forPeople)
        return options.output.write(table(all));
    return options.output.write(recordsText(kKeys, {all.begin(), all.end()}, *format));
}

} // namespace

void addDevices(CLI::App& app, Command& chosen) {
    CLI::App* command = app.add_subcommand("devices", "What this machine has, and what it may use");
    const auto options = std::make_shared<Options>();
    options->output.add(*command);
    command->add_flag("--catalogue", options->catalogue,
                      "List the devices that can be planned for");
    command->add_flag("--stream", options->stream,
                      "JSON Lines: the devices, then memory in use until the input ends");
    command->add_option("-d,--device", options->device, "Whose memory --stream reports");
    command->callback([options, &chosen] { chosen = [options] { return devices(*options); }; });
}

} // namespace decodescope
