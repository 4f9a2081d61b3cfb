# SPDX-License-Identifier: Apache-2.0
# embed_file(<target> <file> <symbol>): compiles a file into <target> as
#   namespace decodescope::resources { extern const std::string_view <symbol>; }
# declared by the generated header "resources/<symbol>.h".
function(embed_file target file symbol)
    get_filename_component(input ${file} ABSOLUTE)
    set(dir ${CMAKE_CURRENT_BINARY_DIR}/embedded)
    set(script ${CMAKE_SOURCE_DIR}/resources/cmake/write_embedded.cmake)
    add_custom_command(
        OUTPUT ${dir}/${symbol}.cpp ${dir}/resources/${symbol}.h
        COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DSYMBOL=${symbol} -DDIR=${dir} -P ${script}
        DEPENDS ${input} ${script}
        COMMENT "Embedding ${file}")
    set_source_files_properties(${dir}/${symbol}.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    target_sources(${target} PRIVATE ${dir}/${symbol}.cpp ${dir}/resources/${symbol}.h)
    target_include_directories(${target} PUBLIC ${dir})
endfunction()
