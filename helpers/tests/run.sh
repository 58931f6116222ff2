#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# run.sh [--list] OUT PROGRAM... - run the cmocka programs, then the tests that
# are compilations; add up. Called by the Makefile, which passes the compilers.
set -euo pipefail
cd "$(dirname "$0")/.."

list=
if [ "$1" = --list ]; then
	list=1
	shift
fi
out=$1
shift

: "${CC:=cc}" "${CXX:=c++}" "${CLANG:=clang}" "${CLANGXX:=clang++}"
: "${BPF_CFLAGS:=}" "${WARN:=}" "${UAPI_DIR:=}"
RESULTS=$(mktemp)
export RESULTS
trap 'rm -f "$RESULTS"' EXIT
skipped=()
# Every clang that is installed, of those that Debian 12 has.
clangs=("$CLANG")
for cc in clang-16 clang-19; do
	! command -v "$cc" >/dev/null || clangs+=("$cc")
done

selected()
{
	[[ $1 == *"${T:-}"* ]]
}

# compiles NAME COMMAND... - a test that is one command
compiles()
{
	local name=$1

	shift
	selected "$name" || return 0
	if [ -n "$list" ]; then
		echo "$name"
		return 0
	fi
	if "$@"; then
		echo "[       OK ] $name"
		echo "1 0" >>"$RESULTS"
	else
		echo "[  FAILED  ] $name: $*" >&2
		echo "1 1" >>"$RESULTS"
	fi
}

# Each header compiles alone, for each of those who may include it.
check_headers()
{
	local header name kernel_side unit host cc

	read -ra warn <<<"$WARN"
	read -ra bpf <<<"$BPF_CFLAGS"
	for header in hwirq_version.h hwirq_abi.h hwirq_helpers.h hwirq_user.h hwirq/*.h; do
		name=headers.${header//[\/.]/_}
		case $header in
		hwirq_user.h | */message.h | */histogram.h | */object.h | */link.h | */consumer.h | */queues.h) kernel_side= ;;
		*) kernel_side=1 ;;
		esac
		unit=$out/$name.c
		printf '#include <%s>\nextern int something;\n' "$header" >"$unit"
		host=(-x c -O2 -fsyntax-only)
		[ -n "$kernel_side" ] || host+=(-Wpedantic)
		compiles "$name.$CC" "$CC" "${host[@]}" "${warn[@]}" -I../sdk-include "$unit"
		compiles "$name.$CLANG" "$CLANG" "${host[@]}" "${warn[@]}" -I../sdk-include "$unit"
		if [ -n "$kernel_side" ]; then
			for cc in "${clangs[@]}"; do
				compiles "$name.bpf.$cc" "$cc" "${bpf[@]}" -Wpedantic -fsyntax-only "$unit"
			done
		fi
		if [ -z "$kernel_side" ] || [ "$header" = hwirq_abi.h ]; then
			compiles "$name.$CXX" "$CXX" -x c++ -O2 -fsyntax-only "${warn[@]}" -I../sdk-include "$unit"
			compiles "$name.$CLANGXX" "$CLANGXX" -x c++ -O2 -fsyntax-only "${warn[@]}" -I../sdk-include "$unit"
		fi
	done
}

# Both sides in one file, as in these tests.
check_together()
{
	local unit=$out/headers.together.c

	read -ra warn <<<"$WARN"
	printf '#include <hwirq_%s.h>\n' helpers user >"$unit"
	compiles headers.together.bpf_first "$CC" -fsyntax-only "${warn[@]}" -I../sdk-include "$unit"
	printf '#include <hwirq_%s.h>\n' user helpers >"$unit"
	compiles headers.together.user_first "$CC" -fsyntax-only "${warn[@]}" -I../sdk-include "$unit"
}

# Every identifier of the patched UAPI with "hwirq" in it is in hwirq_abi.h.
# shellcheck disable=SC2317 # called by compiles()
abi_complete()
{
	local word status=0

	while read -r word; do
		if ! grep -qiw -- "$word" ../sdk-include/hwirq_abi.h; then
			echo "$word is in $1 but not in sdk-include/hwirq_abi.h" >&2
			status=1
		fi
	done < <(grep -oiE '\b[a-z_]*hwirq[a-z_0-9]*\b' "$1" | sort -u)
	return "$status"
}

check_abi()
{
	local header=$UAPI_DIR/linux/bpf.h order flags

	if [ -z "$UAPI_DIR" ]; then
		selected abi. && skipped+=("abi (no UAPI_DIR)")
		return 0
	fi
	compiles abi.patched grep -qs BPF_PROG_TYPE_HWIRQ "$header"
	if ! grep -qs BPF_PROG_TYPE_HWIRQ "$header"; then
		echo "UAPI_DIR must be include/uapi of a kernel with the hwirq patches, or what its 'make headers_install' installs" >&2
		return 0
	fi
	# Only bpf.h is taken from there: the rest of a source tree's
	# include/uapi is not made for user space.
	mkdir -p "$out/uapi/linux"
	cp "$header" "$out/uapi/linux/bpf.h"
	compiles abi.complete abi_complete "$header"
	read -ra warn <<<"$WARN"
	read -ra bpf <<<"$BPF_CFLAGS"
	for order in uapi_first sdk_first; do
		flags=()
		[ "$order" = uapi_first ] || flags=(-DABI_FIRST)
		flags+=(-fsyntax-only -isystem "$out/uapi")
		compiles "abi.$order.$CC" "$CC" "${warn[@]}" "${flags[@]}" -I../sdk-include tests/abi_check.c
		compiles "abi.$order.bpf" "$CLANG" "${bpf[@]}" "${flags[@]}" tests/abi_check.c
	done
}

# The programs compile without warnings by every clang that is installed.
check_programs()
{
	local cc cpu source name

	read -ra bpf <<<"$BPF_CFLAGS"
	for source in ../templates/*/*.bpf.c ../cookbook/*/*.bpf.c tests/*.bpf.c; do
		name=${source##*/}
		name=${name%.bpf.c}
		# what the verifier refuses, compilers take
		[ "$name" != refused ] || name=$(basename "${source%/*}")-refused
		for cc in "${clangs[@]}"; do
			for cpu in v2 v3; do
				compiles "programs.$name.$cc.$cpu" "$cc" "${bpf[@]}" -mcpu=$cpu \
					-c "$source" -o "$out/$name.$cc.$cpu.o"
			done
		done
	done
}

status=0
for program; do
	if [ -n "$list" ]; then
		LIST=1 "$program"
		continue
	fi
	rc=0
	"$program" || rc=$?
	# 77: the filter selects none of its tests
	if [ "$rc" != 0 ] && [ "$rc" != 77 ]; then
		echo "helpers: $program ended with status $rc" >&2
		status=1
	fi
done
check_headers
check_together
check_abi
check_programs
[ -z "$list" ] || exit 0

read -r run failed < <(awk '{ run += $1; failed += $2 } END { print run + 0, failed + 0 }' "$RESULTS")
echo "helpers: $run tests, $((run - failed)) passed, $failed failed, ${#skipped[@]} skipped${skipped[*]:+: ${skipped[*]}}"
if [ "$run" = 0 ]; then
	echo "helpers: no test matches '${T:-}'; 'make -C helpers list' names them" >&2
	exit 1
fi
[ "$failed" = 0 ] || status=1
exit "$status"
