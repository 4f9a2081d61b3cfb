// SPDX-License-Identifier: Apache-2.0
#include "core/engine/backend.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace decodescope {
namespace {

template <typename T>
nlohmann::json orNull(const std::optional<T>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

std::optional<std::uint64_t> bytesOrNone(const nlohmann::json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number_unsigned())
        return std::nullopt;
    return found->get<std::uint64_t>();
}

} // namespace

void to_json(nlohmann::json& json, const DeviceInfo& device) {
    json = {{"id", device.id},
            {"name", device.name},
            {"backend", device.backend},
            {"available", device.available},
            {"reason", device.reason},
            {"memory_total_bytes", orNull(device.memoryTotalBytes)},
            {"memory_free_bytes", orNull(device.memoryFreeBytes)},
            {"last_level_cache_bytes", orNull(device.lastLevelCacheBytes)},
            {"threads", device.threads},
            {"simd", device.simd},
            {"bf16_dot", device.bf16Dot},
            {"int8_dot", device.int8Dot},
            {"bf16_matrix", device.bf16Matrix},
            {"unit_uses", device.unitUses},
            {"compute_capability", device.computeCapability},
            {"driver_version", device.driverVersion},
            {"measured_bandwidth_bytes_per_second", nullptr},
            {"measured_flop_per_second", nullptr},
            {"calibration", nullptr}};
    if (device.ceilings && device.ceilings->measured) {
        json["measured_bandwidth_bytes_per_second"] = device.ceilings->bandwidthBytesPerSecond;
        json["measured_flop_per_second"] = device.ceilings->flopPerSecond;
        json["measured_threads"] = device.ceilings->threads;
        json["calibration"] = *device.ceilings;
    }
}

void from_json(const nlohmann::json& json, DeviceInfo& device) {
    device = DeviceInfo{};
    json.at("id").get_to(device.id);
    json.at("name").get_to(device.name);
    json.at("backend").get_to(device.backend);
    json.at("available").get_to(device.available);
    json.at("reason").get_to(device.reason);
    device.memoryTotalBytes = bytesOrNone(json, "memory_total_bytes");
    device.memoryFreeBytes = bytesOrNone(json, "memory_free_bytes");
    device.lastLevelCacheBytes = bytesOrNone(json, "last_level_cache_bytes");
    json.at("threads").get_to(device.threads);
    json.at("simd").get_to(device.simd);
    device.bf16Dot = json.value("bf16_dot", false);
    device.int8Dot = json.value("int8_dot", false);
    device.bf16Matrix = json.value("bf16_matrix", false);
    if (const auto uses = json.find("unit_uses"); uses != json.end())
        uses->get_to(device.unitUses);
    json.at("compute_capability").get_to(device.computeCapability);
    json.at("driver_version").get_to(device.driverVersion);
    if (const auto found = json.find("calibration"); found != json.end() && found->is_object()) {
        device.ceilings = found->get<Ceilings>();
        return;
    }
    // A record of before there were whole calibrations.
    const auto& bandwidth = json.at("measured_bandwidth_bytes_per_second");
    const auto& flop = json.at("measured_flop_per_second");
    if (bandwidth.is_number() && flop.is_number())
        device.ceilings = Ceilings{bandwidth, flop, json.value("measured_threads", 0), true};
}

Status Backend::findPeer(const std::string& deviceId, const std::string& peer) {
    return Error{ErrorCode::BadUsage, "no other kernels of this name are known for " + deviceId,
                 "--peer " + peer, ""};
}

Result<std::unique_ptr<Decoder>> Backend::makePeer(const std::string& deviceId,
                                                   const std::string& peer,
                                                   const DecoderRequest& /*request*/,
                                                   std::stop_token /*stop*/) {
    return Backend::findPeer(deviceId, peer).error();
}

Status findDevice(Backend& backend, const std::string& deviceId, DeviceInfo& device) {
    device = DeviceInfo{};
    device.id = deviceId;
    std::string known;
    for (DeviceInfo& each : backend.devices()) {
        if (each.id != deviceId) {
            known += (known.empty() ? "" : ", ") + each.id;
            continue;
        }
        device = std::move(each);
        if (device.available)
            return Done{};
        return Error{ErrorCode::DeviceUnavailable, device.reason, device.id, ""};
    }
    return Error{ErrorCode::DeviceUnavailable, "there is no such device", deviceId,
                 "There is: " + (known.empty() ? "none" : known) + "."};
}

} // namespace decodescope
