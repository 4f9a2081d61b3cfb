// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/input_folder.h"

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "tests/fuzz/require.h"
#include "tests/fuzz/targets.h"

namespace decodescope::fuzz {
namespace {

namespace fs = std::filesystem;

class Folder {
public:
    Folder() {
        std::error_code ignored;
        const fs::path memory = "/dev/shm";
        const fs::path parent =
            fs::is_directory(memory, ignored) ? memory : fs::temp_directory_path();
        std::string pattern = parent / "decodescope-fuzz-XXXXXX";
        require(mkdtemp(pattern.data()) != nullptr, "a folder for the inputs can be made");
        path = pattern;
    }
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    fs::path path;
};

} // namespace

const fs::path& inputFolder() {
    static const Folder folder;
    return folder.path;
}

fs::path writeInput(const std::string& name, std::string_view bytes, std::uint64_t hole) {
    fs::path path = inputFolder() / name;
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written =
        file >= 0 &&
        write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
        ftruncate(file, static_cast<off_t>(bytes.size() + hole)) == 0;
    require(written, "an input can be written");
    close(file);
    return path;
}

void removeInput(const std::string& name) {
    unlink((inputFolder() / name).c_str());
}

std::vector<std::string_view> partsOf(std::string_view bytes, std::size_t most) {
    std::vector<std::string_view> parts;
    while (parts.size() + 1 < most) {
        const std::size_t mark = bytes.find(kPartMark);
        if (mark == std::string_view::npos)
            break;
        parts.push_back(bytes.substr(0, mark));
        bytes.remove_prefix(mark + kPartMark.size());
    }
    parts.push_back(bytes);
    return parts;
}

std::uint64_t numberOf(std::string_view bytes) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char byte : bytes) {
        hash ^= static_cast<unsigned char>(byte);
        hash *= 1099511628211U;
    }
    return hash;
}

} // namespace decodescope::fuzz
