/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq_abi.h - numbers and layouts shared with the kernel
 *
 * Everything here is also in <linux/bpf.h> of a kernel that carries the hwirq
 * patches. The SDK has its own copy because a program must compile on a system
 * whose kernel headers have never heard of hard-IRQ programs. helpers/tests/
 * abi_check.c compares the two copies, number by number, at compile time.
 *
 * Both copies may meet in one translation unit. C cannot ask whether an
 * enumerator or a struct tag exists, so the definitions below live under
 * HWIRQ_SDK_* and hwirq_sdk_*, and macros give them their public names.
 * <linux/bpf.h> is included first, on purpose: once its include guard is set,
 * the macros cannot reach into it, whatever order the user includes things in.
 */
#ifndef HWIRQ_ABI_H
#define HWIRQ_ABI_H

#include <hwirq_version.h>

#ifndef __VMLINUX_H__
#include <linux/types.h>
#include <linux/bpf.h>
#endif

/*
 * 62 is the largest number the kernel's type bitmaps have room for. It is
 * reserved for this out-of-tree feature and far from those that upstream will
 * assign next. Plain integers: C++ and #if need them; cast for libbpf in C++.
 */
#define BPF_PROG_TYPE_HWIRQ	62
#define BPF_HWIRQ		62	/* attach type */
#define BPF_LINK_TYPE_HWIRQ	62
#define BPF_MAP_TYPE_HWIRQ_RINGBUF	62

/*
 * What a program may return, with the numbers of XDP's verdicts. The verifier
 * refuses a program that could return anything else.
 */
enum hwirq_sdk_action {
	HWIRQ_SDK_ABORTED = 0,	/* program error: drop the frame, count it */
	HWIRQ_SDK_DROP = 1,	/* drop the frame */
	HWIRQ_SDK_PASS = 2,	/* hand the frame to the network stack */
	HWIRQ_SDK_TX = 3,	/* send the frame back out of its device */
};

#define hwirq_action	hwirq_sdk_action
#define HWIRQ_ABORTED	HWIRQ_SDK_ABORTED
#define HWIRQ_DROP	HWIRQ_SDK_DROP
#define HWIRQ_PASS	HWIRQ_SDK_PASS
#define HWIRQ_TX	HWIRQ_SDK_TX

/*
 * The context of a program; read-only. data and data_end are pointers in
 * disguise, as in struct xdp_md: (void *)(long)ctx->data.
 */
struct hwirq_sdk_md {
	__u32 data;		/* first byte of the Ethernet header */
	__u32 data_end;		/* one past the last byte of the frame */
	__u32 ingress_ifindex;
	__u32 rx_queue_index;
	__u64 timestamp;	/* ns, CLOCK_MONOTONIC: when the interrupt
				 * handler took the frame
				 */
};

#define hwirq_md	hwirq_sdk_md

/*
 * BPF_LINK_CREATE names a queue as link_create.hwirq.queue_plus1, which
 * overlays link_create.target_btf_id; that older member is the one every
 * libbpf can fill. 0 selects all receive queues, N selects queue N - 1.
 */
#define HWIRQ_ALL_QUEUES	(-1)
#define HWIRQ_QUEUE_PLUS1(queue) \
	((queue) == HWIRQ_ALL_QUEUES ? 0U : (__u32)(queue) + 1U)

/* What BPF_OBJ_GET_INFO_BY_FD of a link reports in its type-specific union. */
struct hwirq_sdk_link_info {
	__u32 ifindex;		/* 0 once the device is gone */
	__u32 queue_plus1;	/* as above */
	__u32 mode;		/* of the last frames: 0 hard IRQ, 1 NAPI, 2 at rest */
	__u32 nr_queues;	/* that have the program */
	__u64 irqs;		/* sums over these queues since the attach */
	__u64 aborted;		/* verdicts */
	__u64 drop;
	__u64 pass;
	__u64 tx;
	__u64 hardirq_packets;	/* frames by context */
	__u64 napi_packets;
	__u64 ns_total;		/* ns in the interrupt handler */
	__u64 ns_max;		/* ns, the longest */
};

/*
 * BPF_MAP_TYPE_HWIRQ_RINGBUF, the one map that hard-IRQ programs may write: from
 * one receive queue to one process. max_entries is the size of its data area in
 * bytes: a power of two, a multiple of the page size, at most this.
 */
#define HWIRQ_RING_MAX_SIZE	(64U << 20)

/*
 * mmap() of the map's descriptor: one page of the consumer at offset 0, which
 * user space writes; from the next page on and read-only, one page of the
 * producer and the data area twice, so that no record is seen in two pieces.
 * Offsets in these pages, each of a __u64:
 */
#define HWIRQ_RING_OFF_CONSUMER_POS	0	/* bytes consumed */
#define HWIRQ_RING_OFF_PRODUCER_POS	0	/* bytes published */
#define HWIRQ_RING_OFF_DROPPED		64	/* records that were not stored */
#define HWIRQ_RING_OFF_RECORDS		128	/* records published */

/*
 * Positions only grow; they index the data area modulo its size. Each record
 * starts at a multiple of 8 with this header, @len bytes of payload follow, then
 * padding to the next multiple of 8.
 */
struct hwirq_sdk_ring_hdr {
	__u32 len;		/* of the payload */
	__u32 pg_off;		/* the kernel's own */
	__u64 seq;		/* counts records published and dropped: a gap
				 * says how many were lost just there
				 */
};

#define hwirq_ring_hdr	hwirq_sdk_ring_hdr

#endif /* HWIRQ_ABI_H */
