// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "core/plan/answers.h"
#include "core/plan/engines/engine.h"
#include "core/spec/data_type.h"
#include "core/spec/presets.h"
#include "core/spec/printable_text.h"
#include "core/spec/units.h"
#include "core/spec/workload.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/use_model.h"

namespace decodescope::fuzz {
namespace {

constexpr std::int64_t kMostTokens = 1'000'000'000'000'000; ///< of parseTokens()

template <typename T>
void requireSentence(const Result<T>& result) {
    require(result.ok() || (result.error().code == ErrorCode::BadUsage &&
                            !result.error().what.empty() && !result.error().hint.empty()),
            "a bad option is told, with what to write");
}

void bytesAndShares(std::string_view text) {
    const Result<std::uint64_t> bytes = parseBytes(text);
    requireSentence(bytes);
    if (bytes)
        require(*bytes <= std::uint64_t{1} << 63, "a size is at most 8 EiB");
    const Result<double> rate = parseByteRate(text);
    requireSentence(rate);
    if (rate)
        require(*rate >= 1 && *rate < 1e19, "a rate is above zero");
    const Result<double> share = parseFraction(text);
    requireSentence(share);
    if (share)
        require(*share >= 0 && *share < 1, "a share lies between 0 and 1");
}

void tokens(std::string_view text) {
    const Result<std::int64_t> one = parseTokens(text);
    requireSentence(one);
    if (one) {
        require(*one >= 0 && *one <= kMostTokens, "a token count is a count");
        const Result<std::vector<std::int64_t>> list = parseTokenList(text);
        require(list.ok() && *list == std::vector{*one}, "one count is a list of one");
    }
    const Result<std::vector<std::int64_t>> list = parseTokenList(text);
    requireSentence(list);
    if (!list)
        return;
    require(!list->empty() && list->size() <= 4096, "a list is neither empty nor endless");
    for (const std::int64_t each : *list)
        require(each >= 0 && each <= kMostTokens, "a list holds counts");
}

} // namespace

void options(std::string_view bytes) {
    bytesAndShares(bytes);
    tokens(bytes);
    const Result<Engine> engine = parseEngine(bytes);
    requireSentence(engine);
    if (engine) {
        static const ModelSpec dense = *findModelPreset("llama-3.1-8b");
        static const ModelSpec hybrid = *findModelPreset("qwen3-next-80b-a3b");
        static const ModelSpec windows = *findModelPreset("gpt-oss-20b");
        for (const ModelSpec* model : {&dense, &hybrid, &windows})
            planUnder(*engine, *model, numberOf(bytes));
    }
    const Result<KvTypes> types = parseKvTypes(bytes);
    requireSentence(types);
    if (types)
        require(*parseKvTypes(cacheInWords(*types)) == *types, "a cache's types read back");
    if (const auto type = parseDataType(bytes))
        require(parseDataType(name(*type)) == type, "a type's name is the type");
    if (const auto scope = parseScope(bytes))
        require(parseScope(name(*scope)) == scope, "a scope's name is the scope");
    for (const char byte : printable(std::string(bytes)))
        require(static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7F,
                "nothing reaches a terminal that would steer it");
}

} // namespace decodescope::fuzz
