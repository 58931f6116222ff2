# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# find_package(HwirqSdk) - of an installed SDK, and with HwirqSdk_DIR=CHECKOUT/cmake of
# a checkout. Gives HwirqSdk::hwirq-sdk (headers and libbpf) and hwirq_add_program().
include(CMakeFindDependencyMacro)
find_dependency(PkgConfig)
pkg_check_modules(LIBBPF QUIET IMPORTED_TARGET libbpf>=1.0)
if(NOT LIBBPF_FOUND)
	set(HwirqSdk_FOUND FALSE)
	set(HwirqSdk_NOT_FOUND_MESSAGE
		"libbpf 1.0 or newer is missing. On Debian: apt install libbpf-dev")
	return()
endif()

get_filename_component(_hwirq_root ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)
if(EXISTS ${_hwirq_root}/sdk-include/hwirq_helpers.h)
	set(HWIRQ_SDK_INCLUDE_DIR ${_hwirq_root}/sdk-include)
	set(HWIRQ_VERIFY make -s -C ${_hwirq_root} verify T=)
	set(HWIRQ_VERIFY_OBJECT PROG=)	# before the object's path
else()
	get_filename_component(_hwirq_root ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)
	set(HWIRQ_SDK_INCLUDE_DIR ${_hwirq_root}/include)
	set(HWIRQ_VERIFY ${_hwirq_root}/bin/hwirq verify)
	set(HWIRQ_VERIFY_OBJECT)
endif()

if(NOT TARGET HwirqSdk::hwirq-sdk)
	add_library(HwirqSdk::hwirq-sdk INTERFACE IMPORTED)
	target_include_directories(HwirqSdk::hwirq-sdk INTERFACE ${HWIRQ_SDK_INCLUDE_DIR})
	target_link_libraries(HwirqSdk::hwirq-sdk INTERFACE PkgConfig::LIBBPF)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/HwirqProgram.cmake)
