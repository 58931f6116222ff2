# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced, after lib.sh: the guest that bench and profile have in common.
# shellcheck disable=SC2154 # kdir and root are of lib.sh

lab=$kdir/lab

# lab_make DIR [TARGET] - build there, and show the end of the log if that fails
lab_make() {
	local log=$lab/build/make.log
	mkdir -p "$lab/build"
	make -s -C "$@" >"$log" 2>&1 || {
		tail -n 25 "$log" >&2
		die "building $1 failed; the whole log is $log"
	}
}

# lab_guest FILE [PROGRAM]... - build what runs in the guest, and write its initramfs
lab_guest() {
	local file=$1 dir
	shift
	for dir in "$lab" "$kdir/tests" "$root/templates/echo"; do
		lab_make "$dir"
	done
	"$kdir/scripts/initramfs" "$file" "$lab"/build/lab-{guest,socket,spin,churn,prog,afxdp} \
		"$root/templates/echo/echo:/bin/hwirq-echo" "$kdir/tests/build/hwctl" "$(command -v ethtool)" "$@"
}

# The machine: one CPU online of two possible ones, see README.md
# shellcheck disable=SC2034 # used by the scripts that source this file
lab_machine=(--smp 2 --mem 1024)
# shellcheck disable=SC2034
lab_words='maxcpus=1 norandmaps hwirqsim.devices=2 hwirqsim.queues=1'
