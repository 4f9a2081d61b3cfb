# SPDX-License-Identifier: Apache-2.0
# Called by embed_file(): INPUT, SYMBOL, DIR -> DIR/SYMBOL.cpp and DIR/resources/SYMBOL.h
file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" hexLength)
math(EXPR size "${hexLength} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${DIR}/${SYMBOL}.cpp
"// Generated from a file of resources/. Do not edit.
#include \"resources/${SYMBOL}.h\"
namespace decodescope::resources {
static const unsigned char kBytes[] = {
${bytes}0};
extern const std::string_view ${SYMBOL}{reinterpret_cast<const char*>(kBytes), ${size}};
} // namespace decodescope::resources
")
file(WRITE ${DIR}/resources/${SYMBOL}.h
"// Generated from a file of resources/. Do not edit.
#pragma once
#include <string_view>
namespace decodescope::resources {
extern const std::string_view ${SYMBOL};
} // namespace decodescope::resources
")
