// SPDX-License-Identifier: Apache-2.0
#include "emulated_warp.h"

#include <algorithm>
#include <cstring>

#include "core/engine/float_bits.h"
#include "gpu/kernels/swizzle.h"

namespace decodescope::gpu {
namespace {

void shuffle(const Warp& warp) {
    std::array<float, kWarpLanes> values{};
    for (std::size_t lane = 0; lane < values.size(); ++lane)
        values[lane] = warp[lane]->value;
    for (std::size_t lane = 0; lane < values.size(); ++lane)
        warp[lane]->value = values[lane ^ static_cast<std::size_t>(warp[lane]->mask)];
}

void vote(const Warp& warp) {
    const bool any =
        std::any_of(warp.begin(), warp.end(), [](const Request* each) { return each->condition; });
    for (Request* each : warp)
        each->condition = any;
}

int loadMatricesOf(const Warp& warp, bool transposed,
                   const std::function<std::byte*(std::uint32_t)>& sharedAt) {
    int conflicts = 0;
    for (std::size_t matrix = 0; matrix < 4; ++matrix) {
        std::array<std::array<std::uint16_t, 8>, 8> rows{};
        std::array<int, 8> readers{};
        for (std::size_t row = 0; row < 8; ++row) {
            const std::uint32_t offset = warp[matrix * 8 + row]->offset;
            std::memcpy(rows[row].data(), sharedAt(offset), kChunkBytes);
            ++readers[offset / kChunkBytes % 8];
        }
        conflicts = std::max(conflicts, *std::max_element(readers.begin(), readers.end()) - 1);
        for (std::size_t lane = 0; lane < kWarpLanes; ++lane) {
            const std::size_t row = lane / 4;
            const std::size_t column = lane % 4 * 2;
            const std::uint32_t low = transposed ? rows[column][row] : rows[row][column];
            const std::uint32_t high = transposed ? rows[column + 1][row] : rows[row][column + 1];
            warp[lane]->registers[matrix] = low | (high << 16);
        }
    }
    return conflicts;
}

void multiply(const Warp& warp) {
    float first[kMmaRows][kMmaDepth] = {};
    float second[kMmaDepth][kMmaColumns] = {};
    const KvFormat format = warp[0]->format;
    for (int lane = 0; lane < kWarpLanes; ++lane) {
        const Request& request = *warp[static_cast<std::size_t>(lane)];
        for (int half = 0; half < 2; ++half) {
            for (int reg = 0; reg < 4; ++reg) {
                const Place place = firstFactorPlace(lane, reg, half);
                first[place.row][place.column] = halfOf(format, request.first[reg], half);
            }
            for (int reg = 0; reg < 2; ++reg) {
                const Place place = secondFactorPlace(lane, reg, half);
                second[place.row][place.column] =
                    halfOf(format, request.second[static_cast<std::size_t>(reg)], half);
            }
        }
    }
    for (int lane = 0; lane < kWarpLanes; ++lane)
        for (int reg = 0; reg < 4; ++reg) {
            const Place place = sumPlace(lane, reg);
            float& sum = warp[static_cast<std::size_t>(lane)]->sum[reg];
            for (int k = 0; k < kMmaDepth; ++k)
                sum += first[place.row][k] * second[k][place.column];
        }
}

} // namespace

float halfOf(KvFormat format, std::uint32_t word, int half) {
    const auto bits = static_cast<std::uint16_t>(word >> (16 * half));
    return format == KvFormat::BF16 ? fromBf16(bits) : fromF16(bits);
}

int performTogether(const Warp& warp, const std::function<std::byte*(std::uint32_t)>& sharedAt) {
    const Meeting meeting = warp[0]->meeting;
    switch (meeting) {
    case Meeting::None:
    case Meeting::Barrier:
        break;
    case Meeting::Shuffle:
        shuffle(warp);
        break;
    case Meeting::Vote:
        vote(warp);
        break;
    case Meeting::Matrices:
    case Meeting::MatricesTransposed:
        return loadMatricesOf(warp, meeting == Meeting::MatricesTransposed, sharedAt);
    case Meeting::Mma:
        multiply(warp);
        break;
    }
    return 0;
}

} // namespace decodescope::gpu
