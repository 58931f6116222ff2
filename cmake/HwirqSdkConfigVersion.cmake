# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# Before 1.0, any minor version may break what the one before had.
set(_hwirq_header ${CMAKE_CURRENT_LIST_DIR}/../sdk-include/hwirq_version.h)
if(NOT EXISTS ${_hwirq_header})
	set(_hwirq_header ${CMAKE_CURRENT_LIST_DIR}/../../../include/hwirq_version.h)
endif()
file(STRINGS ${_hwirq_header} _hwirq_lines REGEX "VERSION_(MAJOR|MINOR|PATCH)\t")
string(REGEX REPLACE "[^0-9;]" "" _hwirq_lines "${_hwirq_lines}")
list(JOIN _hwirq_lines "." PACKAGE_VERSION)
list(GET _hwirq_lines 0 _hwirq_major)
list(GET _hwirq_lines 1 _hwirq_minor)

if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
	set(PACKAGE_VERSION_EXACT TRUE)
endif()
if(NOT PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION AND
   PACKAGE_FIND_VERSION_MAJOR EQUAL _hwirq_major AND
   (_hwirq_major GREATER 0 OR PACKAGE_FIND_VERSION_MINOR EQUAL _hwirq_minor))
	set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
