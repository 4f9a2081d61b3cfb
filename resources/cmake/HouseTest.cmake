# SPDX-License-Identifier: Apache-2.0
# house_test(<name> SOURCES <files> LINKS <targets> [LABELS <labels>]): one Qt Test program, run by
# ctest without a display. What most tests include of others (the standard library, Qt, JSON) is
# read once, into HOUSE_TEST_PRECOMPILED: half of a test's time to build went into that.
function(house_test name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;LABELS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_link_libraries(${name} PRIVATE ${ARG_LINKS} Qt6::Test)
    if(HOUSE_TEST_PRECOMPILED)
        target_precompile_headers(${name} REUSE_FROM ${HOUSE_TEST_PRECOMPILED})
        house_precompiled_options(${name})
    endif()
    target_compile_definitions(${name} PRIVATE
        TEST_DATA_DIR="${CMAKE_SOURCE_DIR}/tests/data"
        PROGRAMS_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
    add_test(NAME ${name} COMMAND ${name})
    # Qt is built without the thread sanitizer, which sees half of its locking.
    set_tests_properties(${name} PROPERTIES
        ENVIRONMENT "QT_QPA_PLATFORM=offscreen;LC_ALL=C.UTF-8;TSAN_OPTIONS=ignore_noninstrumented_modules=1"
        TIMEOUT 240 LABELS "${ARG_LABELS}")
endfunction()

# house_precompiled_tests(<name> HEADERS <headers> LINKS <targets>): a set of headers for tests that
# link to at least these targets. Qt Test's own are not among them: they look at a definition that
# differs from folder to folder.
function(house_precompiled_tests name)
    cmake_parse_arguments(ARG "" "" "HEADERS;LINKS" ${ARGN})
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "int main() {} // it has nothing but its headers\n")
    add_executable(${name} EXCLUDE_FROM_ALL ${source})
    set_target_properties(${name} PROPERTIES AUTOMOC OFF)
    target_link_libraries(${name} PRIVATE ${ARG_LINKS} fmt::fmt nlohmann_json::nlohmann_json Qt6::Core)
    target_precompile_headers(${name} PRIVATE
        <algorithm> <array> <chrono> <cmath> <cstdint> <cstring> <filesystem> <fstream> <functional>
        <limits> <map> <memory> <optional> <random> <set> <span> <stop_token> <string> <thread>
        <vector> <fmt/format.h> <nlohmann/json.hpp> <QElapsedTimer> <QFile> <QJsonArray>
        <QJsonDocument> <QJsonObject> <QProcess> <QTemporaryDir> ${ARG_HEADERS})
    house_precompiled_options(${name})
endfunction()

function(house_precompiled_options name)
    # A definition that the headers were read with and a target lacks would make them useless.
    target_compile_definitions(${name} PRIVATE
        $<TARGET_PROPERTY:fmt::fmt,INTERFACE_COMPILE_DEFINITIONS>)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(${name} PRIVATE -fpch-preprocess) # what ccache needs to see it
        if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
            # More false alarms on std::string (bug 105651): precompiled, it is no longer known as a
            # system's header.
            target_compile_options(${name} PRIVATE -Wno-array-bounds -Wno-stringop-overflow
                -Wno-stringop-overread)
        endif()
    endif()
endfunction()
