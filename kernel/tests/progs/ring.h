/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What ring.bpf.c and ring_checks.c have in common. */
#ifndef RING_H
#define RING_H

#define RING_SIZE 4096
#define RING_HDR 16

/* A frame for BPF_PROG_TEST_RUN; the Ethernet header is not looked at. */
struct command {
	__u8 ethernet[14];
	__u8 discard;
	__u8 unused;
	__u64 number;	/* of the next record; the program counts up */
	__u64 flags;
	__s64 result;
	__u32 len;
	__u32 unused2;
	__u8 text[48];
};

struct record {
	__u64 number;
	__u8 text[48];
};

#endif /* RING_H */
