/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq_helpers.h - the one include of a hard-IRQ BPF program
 *
 *	#include <hwirq_helpers.h>
 *
 *	SEC("hwirq")
 *	int drop_all(struct hwirq_md *ctx)
 *	{
 *		return HWIRQ_DROP;
 *	}
 *
 *	char LICENSE[] SEC("license") = "Dual BSD/GPL";
 *
 * Compile with clang -O2 -g -target bpf. Needed are libbpf's headers and the
 * system's kernel headers, patched or not; vmlinux.h is not. User space loads
 * the object with hwirq_user.h.
 *
 * Where the program runs
 *	In the hard interrupt handler of the NIC's receive queue, before softirq
 *	and NAPI, with interrupts off on its CPU. Everything else on that CPU
 *	waits until it returns: it is meant for answers of a few hundred
 *	instructions. Under overload the kernel moves the same program to NAPI
 *	for a while; link statistics count both places.
 *
 * What it sees
 *	One frame in one linear buffer, from the Ethernet header on, VLAN tags
 *	included where the driver leaves them in. Packet bytes may be read and
 *	written between data and data_end once the verifier has seen the bounds
 *	check. Frames cannot grow or shrink. What the checksum hardware knows is
 *	not passed on.
 *
 * What it returns
 *	HWIRQ_DROP, HWIRQ_PASS (to the network stack, as the program left it),
 *	HWIRQ_TX (back out of the same device) or HWIRQ_ABORTED (dropped and
 *	counted as an error). Nothing else is accepted.
 *
 * Concurrency
 *	An instance is never interrupted by another one on the same queue, but
 *	attached to several queues it runs on several CPUs at the same time.
 *	It may interrupt any code of the kernel and of user space, in the middle
 *	of whatever that does.
 *
 * What it has to do without
 *	Writable maps, and so global variables: .data and .bss are refused,
 *	because nothing keeps them consistent with the code that was interrupted.
 *	The one exception hands records to user space: HWIRQ_RING() in
 *	hwirq/ring.h. Configure a program with `const volatile` globals (.rodata),
 *	which user space sets between open and load. Counters come from the link:
 *	hwirq_link__stats(). Also refused: kfuncs, tail calls, callbacks, global
 *	(non-static) functions, sleeping, and every helper that is not one of
 *	bpf_ktime_get_ns, bpf_ktime_get_boot_ns, bpf_ktime_get_tai_ns,
 *	bpf_get_smp_processor_id, bpf_get_numa_node_id, bpf_jiffies64,
 *	bpf_get_prandom_u32, bpf_csum_diff, or called by hwirq/ring.h.
 *
 * Path cost
 *	The verifier adds up the weighted cost of the longest path through the
 *	program and refuses what exceeds kernel.bpf_hwirq_max_path (4096 by
 *	default). Most instructions weigh 1; loops count as often as they can
 *	turn. The figure is in the verifier's log, and afterwards in
 *	hwirq_program__path_cost().
 *	What the headers state for a function is what a call adds, compiled by
 *	clang 14 with -O2 -mcpu=v3 and loaded with CAP_PERFMON, rounded up; other
 *	compilers come close. The tests measure it: cookbook/measure/costs.bpf.c.
 */
#ifndef HWIRQ_HELPERS_H
#define HWIRQ_HELPERS_H

#include <hwirq_abi.h>
#include <hwirq/base.h>
#include <hwirq/parse.h>
#include <hwirq/csum.h>
#include <hwirq/rewrite.h>
#include <hwirq/ring.h>

#endif /* HWIRQ_HELPERS_H */
