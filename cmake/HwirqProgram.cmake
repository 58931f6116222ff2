# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# hwirq_add_program(NAME SOURCES FILE.bpf.c...)
#
# Compile BPF sources, link them if there are several, and make NAME.skel.h of them (the
# struct is NAME_bpf, with _ for what C takes in no name). Targets:
#
#	NAME_skel	to be linked with: the skeleton, the SDK's headers and libbpf
#	NAME_verify	the kernel's verdict on the program
#
# NAME_skel has the path of the object, NAME.bpf.o, as its property HWIRQ_OBJECT.

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

function(hwirq_add_program name)
	cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
	if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "usage: hwirq_add_program(NAME SOURCES FILE.bpf.c...)")
	endif()
	if(NOT HWIRQ_CLANG OR NOT HWIRQ_BPFTOOL)
		message(FATAL_ERROR "hwirq_add_program(${name}) needs clang and "
			"bpftool. On Debian: apt install clang bpftool")
	endif()
	string(MAKE_C_IDENTIFIER ${name}_bpf struct)
	set(dir ${CMAKE_CURRENT_BINARY_DIR}/hwirq/${name})
	file(MAKE_DIRECTORY ${dir})
	_hwirq_system_includes(system)

	set(objects)
	foreach(source IN LISTS arg_SOURCES)
		get_filename_component(path ${source} ABSOLUTE)
		get_filename_component(file ${source} NAME)
		set(object ${dir}/${file}.o)
		add_custom_command(OUTPUT ${object}
			COMMAND ${HWIRQ_CLANG} -O2 -g -Wall -Wextra -target bpf -mcpu=v3
				-I${HWIRQ_SDK_INCLUDE_DIR} ${system}
				-MD -MF ${object}.d -c ${path} -o ${object}
			VERBATIM
			DEPENDS ${path} DEPFILE ${object}.d
			COMMENT "BPF program ${file}")
		list(APPEND objects ${object})
	endforeach()
	add_custom_command(OUTPUT ${dir}/${name}.bpf.o ${dir}/${name}.skel.h
		COMMAND ${HWIRQ_BPFTOOL} gen object ${dir}/${name}.bpf.o ${objects}
		COMMAND ${HWIRQ_BPFTOOL} gen skeleton ${dir}/${name}.bpf.o
			name ${struct} > ${dir}/${name}.skel.h
		VERBATIM
		DEPENDS ${objects}
		COMMENT "Skeleton ${name}.skel.h")
	add_custom_target(${name}_object DEPENDS ${dir}/${name}.bpf.o ${dir}/${name}.skel.h)

	# Never built: it tells clangd, by compile_commands.json, how the sources are.
	if(CMAKE_EXPORT_COMPILE_COMMANDS)
		add_library(${name}_editor OBJECT EXCLUDE_FROM_ALL ${arg_SOURCES})
		# one word each, or CMake removes all but the first -idirafter
		string(REPLACE "-idirafter;" "SHELL:-idirafter " dirs "${system}")
		target_compile_options(${name}_editor PRIVATE --target=bpf -O2 -mcpu=v3
			-I${HWIRQ_SDK_INCLUDE_DIR} ${dirs})
	endif()

	add_library(${name}_skel INTERFACE)
	add_dependencies(${name}_skel ${name}_object)
	target_include_directories(${name}_skel INTERFACE ${dir})
	target_link_libraries(${name}_skel INTERFACE HwirqSdk::hwirq-sdk)
	set_target_properties(${name}_skel PROPERTIES HWIRQ_OBJECT ${dir}/${name}.bpf.o)

	add_custom_target(${name}_verify
		COMMAND ${HWIRQ_VERIFY} ${HWIRQ_VERIFY_OBJECT}${dir}/${name}.bpf.o
		VERBATIM USES_TERMINAL
		DEPENDS ${name}_object)
endfunction()
