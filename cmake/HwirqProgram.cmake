# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# hwirq_add_program(TARGET SOURCE file.bpf.c)
#
# Compile a BPF program, make NAME.skel.h of it (NAME is the file's name without
# .bpf.c; the struct is NAME_bpf, with _ for what C takes in no name), and let TARGET
# include it. The object
# NAME.bpf.o stays beside the skeleton.

find_program(HWIRQ_CLANG NAMES clang DOC "clang that knows -target bpf")
find_program(HWIRQ_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin
	DOC "bpftool, for skeletons")

# clang -target bpf does not look where distributions keep <asm/types.h>.
function(_hwirq_system_includes out)
	execute_process(
		COMMAND ${HWIRQ_CLANG} -v -E -x c /dev/null -o /dev/null
		ERROR_VARIABLE text OUTPUT_QUIET)
	string(REGEX REPLACE ".*#include <[^\n]*\n(.*)End of search.*" "\\1"
		text "${text}")
	string(REGEX MATCHALL "/[^\n]+" dirs "${text}")
	set(flags)
	foreach(dir IN LISTS dirs)
		list(APPEND flags -idirafter ${dir})
	endforeach()
	set(${out} ${flags} PARENT_SCOPE)
endfunction()

function(hwirq_add_program target)
	cmake_parse_arguments(arg "" "SOURCE" "" ${ARGN})
	if(NOT arg_SOURCE)
		message(FATAL_ERROR "hwirq_add_program(${target}): which SOURCE?")
	endif()
	if(NOT HWIRQ_CLANG OR NOT HWIRQ_BPFTOOL)
		message(FATAL_ERROR "hwirq_add_program(${target}) needs clang and "
			"bpftool. On Debian: apt install clang bpftool")
	endif()
	get_filename_component(source ${arg_SOURCE} ABSOLUTE)
	get_filename_component(name ${arg_SOURCE} NAME)
	string(REGEX REPLACE "\\.bpf\\.c$" "" name ${name})
	string(MAKE_C_IDENTIFIER ${name}_bpf struct)
	set(dir ${CMAKE_CURRENT_BINARY_DIR}/hwirq/${target})
	file(MAKE_DIRECTORY ${dir})
	_hwirq_system_includes(system)

	add_custom_command(OUTPUT ${dir}/${name}.bpf.o
		COMMAND ${HWIRQ_CLANG} -O2 -g -Wall -Wextra -target bpf -mcpu=v3
			"-I$<JOIN:$<TARGET_PROPERTY:HwirqSdk::hwirq-sdk,INTERFACE_INCLUDE_DIRECTORIES>,;-I>"
			${system} -MD -MF ${dir}/${name}.bpf.d
			-c ${source} -o ${dir}/${name}.bpf.o
		COMMAND_EXPAND_LISTS VERBATIM
		DEPENDS ${source} DEPFILE ${dir}/${name}.bpf.d
		COMMENT "BPF program ${name}")
	add_custom_command(OUTPUT ${dir}/${name}.skel.h
		COMMAND ${HWIRQ_BPFTOOL} gen skeleton ${dir}/${name}.bpf.o
			name ${struct} > ${dir}/${name}.skel.h
		VERBATIM
		DEPENDS ${dir}/${name}.bpf.o
		COMMENT "Skeleton ${name}.skel.h")
	target_sources(${target} PRIVATE ${dir}/${name}.skel.h)
	target_include_directories(${target} PRIVATE ${dir})
endfunction()
