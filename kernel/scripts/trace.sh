# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced, after lib.sh: run a guest whose kernel's instructions are traced one by one.
# shellcheck disable=SC2154 # kdir is of lib.sh

boot_pid=''
# shellcheck disable=SC2317 # the EXIT trap
finish() {
	[ -z "$boot_pid" ] || kill "$boot_pid" 2>/dev/null || true
	cleanup_tmp
}

lost() {
	cat "$1/log" >&2
	die "the guest's run failed, see above"
}

monitor() {
	printf '%s\n' "$1" >&"$monitor_in"
	read -r -t 60 -d ')' -u "$monitor_out" _ || die "QEMU's monitor does not answer to '$1'"
}

# traced_boot DIR CONSUMER BOOT-ARGUMENT... - boot, with --dir DIR and --trace. The guest's
# command writes to ttyS1 "trace NAME", "stop" (of that trace) and "end" (of all), and
# waits for a line after each. CONSUMER NAME is run for each trace, which is its stdin.
traced_boot() {
	local dir=$1 consumer=$2 line='' part whole name='' consumer_pid
	local monitor_in monitor_out sync_in sync_out
	shift 2
	mkdir -p "$dir"
	mkfifo "$dir/trace"
	"$kdir/scripts/boot" --icount --trace --dir "$dir" "$@" >"$dir/log" 2>&1 &
	boot_pid=$!
	until [ -p "$dir/sync.out" ]; do
		kill -0 "$boot_pid" 2>/dev/null || lost "$dir"
		sleep 0.1
	done
	exec {monitor_in}<>"$dir/monitor.in" {monitor_out}<>"$dir/monitor.out"
	exec {sync_in}<>"$dir/sync.in" {sync_out}<>"$dir/sync.out"
	read -r -t 60 -d ')' -u "$monitor_out" _ || die "QEMU's monitor does not start"
	while kill -0 "$boot_pid" 2>/dev/null; do
		# a line may come in pieces
		read -r -t 1 -u "$sync_out" part && whole=1 || whole=''
		line+=$part
		[ -n "$whole" ] || continue
		case ${line%$'\r'} in
		trace*)
			name=${line#trace }
			"$consumer" "${name%$'\r'}" <"$dir/trace" &
			consumer_pid=$!
			monitor "logfile $dir/trace"
			monitor 'singlestep on'
			monitor 'log exec,nochain'
			;;
		stop)
			monitor 'log none'
			monitor 'singlestep off'
			monitor "logfile $dir/idle"
			wait "$consumer_pid" || die "counting failed"
			;;
		end) ;;
		*)
			say "guest: $line"
			line=''
			continue
			;;
		esac
		echo >&"$sync_in"
		[ "${line%$'\r'}" != end ] || break
		line=''
	done
	wait "$boot_pid" || lost "$dir"
	boot_pid=''
	exec {monitor_in}>&- {monitor_out}>&- {sync_in}>&- {sync_out}>&-
}
