// SPDX-License-Identifier: Apache-2.0
#include "core/import/model_file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/import/byte_reader.h"
#include "core/import/json_text.h"
#include "core/import/readers.h"

namespace decodescope {
namespace {

namespace fs = std::filesystem;

constexpr char kHint[] = "Give a config.json, a GGUF or a safetensors file, or a model's folder.";

enum class Kind : std::uint8_t { Config, Gguf, Safetensors };

/// Files people try that cannot be read, by their first bytes.
struct Foreign {
    std::string_view magic;
    const char* what;
    const char* hint;
};
constexpr std::array kForeign = {
    Foreign{"version https://git-lfs", "this is a pointer of Git LFS, not the file itself",
            "Fetch it with \"git lfs pull\"."},
    Foreign{"PK\x03\x04", "this is a ZIP archive (perhaps a PyTorch checkpoint)",
            "Open the config.json beside it."},
    Foreign{"\x80\x02", "this is a Python pickle", "Open the config.json beside it."},
    Foreign{"lmgg", "this is a file of before GGUF", "Convert it with a current llama.cpp."},
    Foreign{"tjgg", "this is a file of before GGUF", "Convert it with a current llama.cpp."},
    Foreign{"fmgg", "this is a file of before GGUF", "Convert it with a current llama.cpp."},
    Foreign{"FUGG", "this is a big-endian GGUF file", "Convert the model to little-endian."},
    Foreign{"<!DOCTYPE", "this is a web page", "Download the file itself, not its page."},
    Foreign{"<html", "this is a web page", "Download the file itself, not its page."},
};

/// Eight bytes of a plausible length, then the brace of the header. Asked before JSON: a length
/// may begin with the byte of a brace too, but JSON has no zero bytes.
bool looksLikeSafetensors(std::string_view head) {
    return head.size() >= 9 && head[8] == '{' &&
           std::all_of(head.begin() + 4, head.begin() + 8, [](char c) { return c == '\0'; });
}

Result<Kind> kindOf(const fs::path& path) {
    Result<ByteReader> reader = ByteReader::open(path);
    if (!reader)
        return reader.error();
    std::string head(static_cast<std::size_t>(std::min<std::uint64_t>(64, reader->size())), '\0');
    reader->read(head.data(), head.size(), "the first bytes");
    if (!reader->ok())
        return reader->error();
    const std::string_view view = head;
    if (view.starts_with("GGUF"))
        return Kind::Gguf;
    if (looksLikeSafetensors(view))
        return Kind::Safetensors;
    for (const Foreign& foreign : kForeign)
        if (view.starts_with(foreign.magic))
            return fileError(path, foreign.what, foreign.hint);
    std::size_t start = view.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    start = view.find_first_not_of(" \t\r\n", start);
    if (start != std::string_view::npos && view[start] == '{')
        return Kind::Config;
    if (std::string_view("GGUF").starts_with(view))
        return fileError(path, "the file ends inside its magic", "Download it again.");
    return fileError(path, "this is neither JSON, GGUF nor safetensors", kHint);
}

constexpr int kEventsBeforeWeightMap = 1000; ///< metadata comes first, and is short

/// An index of shards is JSON too; it is told by its weight_map.
Result<ModelSpec> readJson(const fs::path& path) {
    if (path.filename().string().ends_with(".index.json"))
        return readSafetensorsIndex(path);
    Result<ByteReader> reader = ByteReader::open(path);
    if (!reader)
        return reader.error();
    bool index = false;
    int events = 0;
    // A text that is not JSON to its end is judged by readHfConfig(), with its error.
    (void)streamJson(*reader, reader->size(), [&](const JsonEvent& event) {
        index = event.kind == JsonEvent::Kind::Open && !event.array && event.path->size() == 1 &&
                event.path->front() == "weight_map";
        return index || ++events > kEventsBeforeWeightMap ? Status(Error{}) : Status(Done{});
    });
    return index ? readSafetensorsIndex(path) : readHfConfig(path);
}

/// The weights beside a config.json, if there are any: they make its counts exact. A download that
/// is not complete still has its shape.
Result<ModelSpec> readConfigOf(const fs::path& folder) {
    Result<ModelSpec> shape = readHfConfig(folder / "config.json");
    if (!shape)
        return shape;
    std::error_code ignored;
    const fs::path index = folder / "model.safetensors.index.json";
    const fs::path single = folder / "model.safetensors";
    if (!fs::exists(index, ignored) && !fs::exists(single, ignored))
        return shape;
    Result<ModelSpec> exact =
        fs::exists(index, ignored) ? readSafetensorsIndex(index) : readSafetensors(single);
    if (exact)
        return exact;
    addNote(*shape, "The weights beside were not read: " + exact.error().sentence());
    return shape;
}

/// The GGUF files of a folder that may be models: of a split one the first part, and no projector.
Result<std::vector<fs::path>> ggufFiles(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code code;
    for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
        const std::string name = it->path().filename().string();
        const bool part = name.find("-of-") != std::string::npos;
        const bool first = name.find("-00001-of-") != std::string::npos;
        if (name.ends_with(".gguf") && !name.starts_with("mmproj") && (!part || first))
            found.push_back(it->path());
    }
    if (code)
        return fileError(folder, "the folder cannot be read: " + code.message(),
                         "Check its permissions.");
    std::sort(found.begin(), found.end());
    return found;
}

Result<ModelSpec> readFolder(const fs::path& folder) {
    std::error_code ignored;
    if (fs::exists(folder / "config.json", ignored))
        return readConfigOf(folder);
    const auto files = ggufFiles(folder);
    if (!files)
        return files.error();
    if (files->size() == 1)
        return readModelFile(files->front());
    if (files->empty())
        return fileError(folder, "the folder holds neither a config.json nor a GGUF file", kHint);
    return fileError(
        folder, fmt::format("the folder holds {} GGUF files", files->size()),
        fmt::format("Open one of them, such as \"{}\".", files->front().filename().string()));
}

/// SCHEME://…; a path may hold colons of its own.
bool isUrl(const std::string& text) {
    const std::size_t colon = text.find("://");
    return colon != std::string::npos && colon >= 2 &&
           std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                       [](unsigned char c) { return std::isalnum(c) || c == '+' || c == '-'; });
}

Result<ModelSpec> readPath(const fs::path& path) {
    const std::string text = path.string();
    if (text.empty())
        return Error{ErrorCode::BadUsage, "no file was named", "", kHint};
    if (isUrl(text))
        return Error{ErrorCode::BadUsage, "a URL is not opened", text,
                     "Download the file and open it."};
    std::error_code ignored;
    if (fs::is_directory(path, ignored))
        return readFolder(path);
    const Result<Kind> kind = kindOf(path);
    if (!kind)
        return kind.error();
    switch (*kind) {
    case Kind::Gguf:
        return readGguf(path);
    case Kind::Safetensors:
        return readSafetensors(path);
    case Kind::Config:
        break;
    }
    return readJson(path);
}

} // namespace

Result<ModelSpec> readModelFile(const fs::path& path) {
    // Nothing is expected to throw but memory and the file system; neither may cross this edge.
    try {
        return readPath(path);
    } catch (const std::exception& exception) {
        return fileError(path, fmt::format("it cannot be read: {}", exception.what()));
    }
}

} // namespace decodescope
