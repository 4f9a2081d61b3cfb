// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/spec/result.h"

namespace decodescope {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;
inline constexpr std::uint64_t kTiB = 1024 * kGiB;

/// a × b, or the largest 64-bit value where the product does not fit.
[[nodiscard]] std::uint64_t saturatingMultiply(std::uint64_t a, std::uint64_t b);
/// a + b, or the largest 64-bit value where the sum does not fit.
[[nodiscard]] std::uint64_t saturatingAdd(std::uint64_t a, std::uint64_t b);

/// The nearest whole number, or the largest 64-bit value where that does not fit; 0 below zero.
[[nodiscard]] std::uint64_t saturatingRound(double value);

/// Bytes for people, in units of 1024: "512 B", "16.0 KiB", "7.9 GiB".
[[nodiscard]] std::string formatBytes(std::uint64_t bytes);
/// Token counts for people: "517,734".
[[nodiscard]] std::string formatCount(std::int64_t count);
/// Token counts for axes: "1K", "64K", "1M" (1K = 1024); exact multiples only, others in full.
[[nodiscard]] std::string formatTokensShort(std::int64_t tokens);

/// Rates and times for people: three significant digits, whole numbers from 1,000 on, never an
/// exponent; "–" where the value is not above zero or not finite.
[[nodiscard]] std::string formatRounded(double value);

/// "24GiB", "24 GiB", "24GB" (10^9), "1.5e9", "512M" (MiB), "4096". Errors: BadUsage.
[[nodiscard]] Result<std::uint64_t> parseBytes(std::string_view text);
/// "10%" or "0.1" -> 0.1, at least 0 and below 1. Errors: BadUsage.
[[nodiscard]] Result<double> parseFraction(std::string_view text);
/// "4096", "64K" (×1024), "1M" (×1024²). Errors: BadUsage.
[[nodiscard]] Result<std::int64_t> parseTokens(std::string_view text);
/// Lists and ranges of token counts: "1024,4096", "1K-1M*2" (geometric), "1024-8192+1024"
/// (arithmetic; the step defaults to *2). Sorted as written. Errors: BadUsage, also for more than
/// 4096 values.
[[nodiscard]] Result<std::vector<std::int64_t>> parseTokenList(std::string_view text);

} // namespace decodescope
