# SPDX-License-Identifier: Apache-2.0
# Defines QCustomPlotQt6::QCustomPlotQt6 from the distribution's Qt 6 build of QCustomPlot.
# The library plainly called QCustomPlot is the Qt 5 build on most systems and is never taken.
find_package(QCustomPlotQt6 CONFIG QUIET)
if(NOT TARGET QCustomPlotQt6::QCustomPlotQt6)
    find_library(QCustomPlotQt6_LIBRARY NAMES QCustomPlotQt6 qcustomplot-qt6)
    find_path(QCustomPlotQt6_INCLUDE_DIR qcustomplot.h PATH_SUFFIXES qcustomplot qcustomplot-qt6)
    if(NOT QCustomPlotQt6_LIBRARY OR NOT QCustomPlotQt6_INCLUDE_DIR)
        message(FATAL_ERROR "QCustomPlot's Qt 6 build was not found (Debian/Ubuntu: "
                            "libqcustomplot-dev, Fedora: qcustomplot-qt6-devel, Arch: qcustomplot).")
    endif()
    add_library(QCustomPlotQt6::QCustomPlotQt6 UNKNOWN IMPORTED)
    set_target_properties(QCustomPlotQt6::QCustomPlotQt6 PROPERTIES
        IMPORTED_LOCATION ${QCustomPlotQt6_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${QCustomPlotQt6_INCLUDE_DIR}
        INTERFACE_LINK_LIBRARIES Qt6::PrintSupport)
endif()
set_property(TARGET QCustomPlotQt6::QCustomPlotQt6 APPEND PROPERTY
             INTERFACE_COMPILE_DEFINITIONS QCUSTOMPLOT_USE_LIBRARY)
