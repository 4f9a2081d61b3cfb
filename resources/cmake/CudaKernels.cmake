# SPDX-License-Identifier: Apache-2.0
# cuda_kernels(<target> SOURCES <.cu files> INCLUDE <folder>): compiles kernels with the toolkit's
# nvcc and adds the objects to <target>. CMake's own CUDA language would try out a compiler in every
# configuration and lose ptxas's report; here that is kept beside each object, for a test to read
# (target property PTXAS_REPORTS).
#
# Code for one architecture runs on the later ones of the same major number: sm_80's on 8.6, 8.7 and
# 8.9. What is newer than all of them is compiled by the driver, from PTX.
set(architectures 75 80 90)
if(CUDAToolkit_VERSION VERSION_GREATER_EQUAL 12.8)
    list(APPEND architectures 100 120)
endif()
set(DECODESCOPE_CUDA_ARCHITECTURES ${architectures} CACHE STRING
    "Compute capabilities that kernels are compiled for")
set(DECODESCOPE_CUDA_PTX 90 CACHE STRING
    "Compute capability of the PTX for GPUs that no compiled architecture fits")

# cuda_compiler_works(<variable>): whether nvcc takes this C++ compiler, which must be one that the
# toolkit knows. <variable>_OUTPUT is what it said.
function(cuda_compiler_works variable)
    if(NOT DEFINED ${variable}_FOR OR NOT ${variable}_FOR STREQUAL
            "${CUDAToolkit_NVCC_EXECUTABLE} ${CMAKE_CXX_COMPILER}")
        set(probe ${CMAKE_BINARY_DIR}/CMakeFiles/cuda_probe)
        file(WRITE ${probe}.cu "#include <cstdint>\n__global__ void probe(std::uint32_t* to) { *to = 1; }\n")
        execute_process(COMMAND ${CUDAToolkit_NVCC_EXECUTABLE} -ccbin ${CMAKE_CXX_COMPILER} -std=c++17
                -arch=compute_${DECODESCOPE_CUDA_PTX} -ptx ${probe}.cu -o ${probe}.ptx
            RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
        string(REGEX REPLACE "[\n]+" " " said "${said}") # a cache entry is one line
        if(status EQUAL 0)
            set(${variable} TRUE CACHE INTERNAL "")
        else()
            set(${variable} FALSE CACHE INTERNAL "")
        endif()
        set(${variable}_OUTPUT "${said}" CACHE INTERNAL "")
        set(${variable}_FOR "${CUDAToolkit_NVCC_EXECUTABLE} ${CMAKE_CXX_COMPILER}" CACHE INTERNAL "")
    endif()
endfunction()

function(cuda_kernels target)
    cmake_parse_arguments(ARG "" "INCLUDE" "SOURCES" ${ARGN})
    set(code)
    foreach(architecture ${DECODESCOPE_CUDA_ARCHITECTURES})
        list(APPEND code -gencode arch=compute_${architecture},code=sm_${architecture})
    endforeach()
    list(APPEND code -gencode arch=compute_${DECODESCOPE_CUDA_PTX},code=compute_${DECODESCOPE_CUDA_PTX})
    set(reports)
    foreach(source ${ARG_SOURCES})
        get_filename_component(name ${source} NAME_WE)
        set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.cu.o)
        set(report ${CMAKE_CURRENT_BINARY_DIR}/${name}.ptxas)
        add_custom_command(OUTPUT ${object} BYPRODUCTS ${report}
            COMMAND sh ${CMAKE_SOURCE_DIR}/resources/cmake/compile_cuda.sh ${report}
                    ${CMAKE_CXX_COMPILER_LAUNCHER} ${CUDAToolkit_NVCC_EXECUTABLE}
                    -ccbin ${CMAKE_CXX_COMPILER} -std=c++17 -O3 ${code} -Xptxas -v
                    -Xcompiler=-fPIC,-fvisibility=hidden -I${ARG_INCLUDE}
                    -MD -MF ${object}.d -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
            DEPENDS ${source} ${CMAKE_SOURCE_DIR}/resources/cmake/compile_cuda.sh
            DEPFILE ${object}.d
            COMMENT "Building CUDA object ${source}" VERBATIM)
        target_sources(${target} PRIVATE ${object})
        list(APPEND reports ${report})
    endforeach()
    set_target_properties(${target} PROPERTIES PTXAS_REPORTS "${reports}")
endfunction()
