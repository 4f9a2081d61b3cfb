# SPDX-License-Identifier: Apache-2.0
# One static library for each folder of the house.
#
# A header is included by its path from the root ("core/spec/units.h"), but a target sees only the
# folders it links to: each target's public include directory holds one link to its own folder and
# nothing else. An arrow that is not in target_link_libraries() therefore does not compile.

# house_include(<target> <PUBLIC|INTERFACE>): give <target> the include root of this folder.
function(house_include target scope)
    file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
    set(root ${CMAKE_BINARY_DIR}/include/${target})
    get_filename_component(parent ${root}/${folder} DIRECTORY)
    file(MAKE_DIRECTORY ${parent})
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/${folder} COPY_ON_ERROR SYMBOLIC)
    target_include_directories(${target} ${scope} ${root})
endfunction()

# house_join(<target>): where sources are joined, a class of a joined source may have members of types
# that only that source knows, as it may where it is compiled alone.
function(house_join target)
    if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
endfunction()

# house_library(<target> SOURCES <files> [APART <files>] LINKS <public links> [PRIVATE_LINKS <links>])
# APART: sources that are never joined with others (CMAKE_UNITY_BUILD): helpers of theirs have the
# name of another's, or they are compiled once for each instruction set.
function(house_library target)
    cmake_parse_arguments(ARG "" "" "SOURCES;APART;LINKS;PRIVATE_LINKS" ${ARGN})
    add_library(${target} STATIC ${ARG_SOURCES} ${ARG_APART})
    if(ARG_APART)
        set_source_files_properties(${ARG_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
    house_join(${target})
    house_include(${target} PUBLIC)
    target_link_libraries(${target} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
endfunction()
