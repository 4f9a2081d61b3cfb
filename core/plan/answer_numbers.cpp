// SPDX-License-Identifier: Apache-2.0
#include "core/plan/answer_numbers.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/spec/units.h"

namespace decodescope {
namespace {

std::uint64_t less(std::uint64_t from, std::uint64_t bytes) {
    return from - std::min(from, bytes);
}

} // namespace

std::string tokensInWords(std::int64_t count) {
    return formatCount(count) + (count == 1 ? " token" : " tokens");
}

std::string sumInNumbers(const Footprint& rank) {
    return fmt::format("{} + {} + {} + {}", formatBytes(rank.weightsBytes),
                       formatBytes(rank.kvBytes), formatBytes(rank.workspaceBytes),
                       formatBytes(rank.overheadBytes));
}

std::string roomInNumbers(const Plan& plan) {
    const Footprint& rank = plan.fullestRank;
    const std::uint64_t room =
        less(less(less(capacityBytes(plan), rank.weightsBytes), rank.workspaceBytes),
             rank.overheadBytes);
    return fmt::format("{} − {} − {} − {} − {} = {}", formatBytes(plan.device.memoryBytes),
                       formatBytes(plan.reserveBytes), formatBytes(rank.weightsBytes),
                       formatBytes(rank.workspaceBytes), formatBytes(rank.overheadBytes),
                       formatBytes(room));
}

std::string capacityInNumbers(std::uint64_t memoryBytes, std::uint64_t reserveBytes) {
    return fmt::format("{} − {} = {}", formatBytes(memoryBytes), formatBytes(reserveBytes),
                       formatBytes(less(memoryBytes, reserveBytes)));
}

} // namespace decodescope
