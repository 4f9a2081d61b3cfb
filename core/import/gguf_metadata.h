// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "core/import/byte_reader.h"
#include "core/import/gguf_file.h"

namespace decodescope {

/// A length-prefixed string of at most `most` bytes, which must be UTF-8. A failure names `what`.
[[nodiscard]] std::string readGgufString(ByteReader& reader, std::uint64_t most,
                                         const std::string& what);

/// Reads `count` key-value pairs at the reader's offset. Failures stay in the reader.
[[nodiscard]] std::map<std::string, GgufValue> readGgufMetadata(ByteReader& reader,
                                                                std::uint64_t count);

} // namespace decodescope
