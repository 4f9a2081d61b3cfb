// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "core/plan/engines/engine.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr std::int64_t kMostTokens = 1 << 20; ///< of a block or a batch: above it a mistake

Error bad(std::string what, std::string hint) {
    return {ErrorCode::BadUsage, std::move(what), "--engine", std::move(hint)};
}

std::string engineNames() {
    std::string names;
    for (const Engine& engine : engines())
        names += (names.empty() ? "" : ", ") + std::string(engine.name);
    return names;
}

Result<Engine> byName(std::string_view name) {
    const auto all = engines();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Engine& engine) { return engine.name == name; });
    if (found != all.end())
        return *found;
    return bad(fmt::format("there is no engine called \"{}\"", name),
               fmt::format("Choose from {}.", engineNames()));
}

bool setTokens(std::int64_t& out, std::string_view value, std::int64_t least) {
    const Result<std::int64_t> tokens = parseTokens(value);
    if (!tokens || *tokens < least || *tokens > kMostTokens)
        return false;
    out = *tokens;
    return true;
}

bool setShare(double& out, std::string_view value) {
    const Result<double> share = parseFraction(value);
    if (!share || *share <= 0)
        return false;
    out = *share;
    return true;
}

bool setBytes(std::uint64_t& out, std::string_view value) {
    const Result<std::uint64_t> bytes = parseBytes(value);
    if (bytes)
        out = *bytes;
    return bytes.ok();
}

bool setMla(Engine& engine, std::string_view value) {
    if (value == "latent")
        engine.mla = MlaLayout::Latent;
    else if (value == "decompressed")
        engine.mla = MlaLayout::Decompressed;
    else if (value == "fp8-row")
        engine.mla = MlaLayout::Fp8Row;
    else
        return false;
    return true;
}

/// True where `key` is an option that takes this value.
bool apply(Engine& engine, std::string_view key, std::string_view value) {
    if (key == "block")
        return setTokens(engine.blockTokens, value, 1);
    if (key == "batched-tokens" || key == "ubatch")
        return setTokens(engine.batchedTokens, value, 1);
    if (key == "utilization")
        return setShare(engine.memoryFraction, value);
    if (key == "margin")
        return setBytes(engine.marginBytes, value);
    if (key == "overhead")
        return setBytes(engine.overheadBytes, value);
    if (key == "mla")
        return setMla(engine, value);
    if (!value.empty())
        return false;
    if (key == "swa-full")
        engine.windowRule = WindowRule::WholeContext;
    else if (key == "unified" || key == "per-sequence")
        engine.unified = key == "unified";
    else
        return false;
    return true;
}

} // namespace

Result<Engine> parseEngine(std::string_view text) {
    const std::size_t colon = text.find(':');
    Result<Engine> engine = byName(text.substr(0, colon));
    if (!engine || colon == std::string_view::npos)
        return engine;
    if (engine->isIdeal())
        return bad("the ideal allocator has no options", "Name another engine.");
    std::string_view rest = text.substr(colon + 1);
    while (true) {
        const std::size_t comma = rest.find(',');
        const std::string_view option = rest.substr(0, comma);
        const std::size_t equals = option.find('=');
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view() : option.substr(equals + 1);
        if (!apply(*engine, option.substr(0, equals), value))
            return bad(fmt::format("\"{}\" is no option of an engine", option),
                       "Options are block=, batched-tokens=, utilization=, margin=, overhead=, "
                       "mla=latent, mla=decompressed or mla=fp8-row, swa-full, unified and "
                       "per-sequence.");
        if (comma == std::string_view::npos)
            return engine;
        rest = rest.substr(comma + 1);
    }
}

} // namespace decodescope
