# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Common to the scripts here. Progress and errors go to stderr, results to stdout.

kdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # used by the scripts that source this file
root=$(dirname "$kdir")
cache=${HWIRQ_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}}/hwirq-sdk
# shellcheck disable=SC2034 # used by the scripts that source this file
patches=$kdir/patches
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C
# Variables on our make's command line are not meant for the makes called here.
unset MAKEFLAGS MFLAGS MAKELEVEL

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "error: $*"
	exit 1
}

# An installed SDK has no list of what the kernel and the tests need.
how_to_get() {
	if [ -x "$kdir/scripts/deps" ]; then
		echo "run '$kdir/scripts/deps install'"
	else
		echo "the guest needs the Debian packages qemu-system-x86, busybox-static and cpio"
	fi
}

need() {
	local cmd
	for cmd; do
		command -v "$cmd" >/dev/null ||
			die "the command '$cmd' is missing; $(how_to_get "$cmd")"
	done
}

# Remove a directory when the script ends, however it ends.
tmpdirs=()
tmpdirs_of=$BASHPID
cleanup_tmp() {
	[ ${#tmpdirs[@]} -eq 0 ] || rm -rf -- "${tmpdirs[@]}"
}

mktmp() {
	local -n mktmp_out=$1
	# A subshell must not remove what belongs to its parent.
	[ "$tmpdirs_of" = "$BASHPID" ] || tmpdirs=()
	tmpdirs_of=$BASHPID
	mktmp_out=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/hwirq.XXXXXX")
	tmpdirs+=("$mktmp_out")
	trap cleanup_tmp EXIT
}

# One builder per tree: a second one waits, and says so.
lock() {
	mkdir -p "$(dirname "$1")"
	exec {lock_fd}>"$1"
	if ! flock -n "$lock_fd"; then
		say "waiting for another process that works in ${1%.lock}"
		flock "$lock_fd"
	fi
}

sha() {
	sha256sum | cut -c1-"$1"
}

# "6.12" of "6.12.117-1~deb12u1"
series_of() {
	printf '%s\n' "$1" | cut -d. -f1,2 | cut -d- -f1
}

# The patches of a kernel series, in order. None is an error: an unpatched
# kernel must never be taken for a patched one.
list_patches() {
	local dir=$patches/$1 found
	[ -d "$dir" ] || die "no patches for Linux $1: $dir does not exist (there are: $(ls "$patches"))"
	found=$(find "$dir" -maxdepth 1 -name '[0-9]*.patch' | sort)
	[ -n "$found" ] || die "$dir holds no patches; to run a prebuilt kernel set KERNEL_IMAGE=path/to/bzImage"
	printf '%s\n' "$found"
}

# All versions of linux-source-6.12 that the configured archives offer, newest first.
archive_versions() {
	need apt-cache
	apt-cache madison linux-source-6.12 | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' | uniq
}

# Download one version of linux-source-6.12 and print the tarball's path. Needs no root.
source_tarball() {
	local version=$1 dir=$cache/source/$1 tmp
	local installed=/usr/src/linux-source-6.12.tar.xz

	if [ -f "$installed" ] &&
	   [ "$(dpkg-query -W -f '${Version}' linux-source-6.12 2>/dev/null)" = "$version" ]; then
		printf '%s\n' "$installed"
		return
	fi
	if [ ! -f "$dir/linux-source-6.12.tar.xz" ]; then
		need apt-get dpkg-deb
		mkdir -p "$cache/source"
		mktmp tmp "$cache/source"
		say "downloading linux-source-6.12 $version"
		(cd "$tmp" && apt-get -q -o APT::Sandbox::User="$(id -un)" \
			download "linux-source-6.12=$version" >download.log 2>&1) ||
			die "cannot download linux-source-6.12=$version: $(tail -n 1 "$tmp/download.log")
       'apt-get update' refreshes the list of versions; KERNEL_SRC= takes a tarball or tree instead"
		dpkg-deb -x "$tmp"/*.deb "$tmp/x"
		mkdir -p "$dir"
		mv "$tmp/x/usr/src/linux-source-6.12.tar.xz" "$dir/"
	fi
	printf '%s\n' "$dir/linux-source-6.12.tar.xz"
}
