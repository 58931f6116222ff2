/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq/base.h - what the other helper headers share
 *
 * The helpers compile for BPF and for the host. On the host they are ordinary
 * functions, so that the logic of a program can be tested without a kernel.
 */
#ifndef HWIRQ_BASE_H
#define HWIRQ_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <hwirq_abi.h>
/* As that of <bpf/bpf_helpers.h>, which says asm, and -Wpedantic minds. */
#ifndef barrier_var
#define barrier_var(var)	__asm__ volatile("" : "+r"(var))
#endif
#ifdef __bpf__
#include <linux/in.h>
#include <bpf/bpf_helpers.h>
#else
#include <netinet/in.h>	/* <linux/in.h> would clash with it */
/*
 * <bpf/bpf_helpers.h> excludes <bpf/bpf.h>, and its helpers are addresses in
 * the kernel. Only what compiling a program as a function takes:
 */
#ifndef SEC
#define SEC(name)
#endif
#ifndef __always_inline
#define __always_inline	inline __attribute__((always_inline))
#endif
#endif /* __bpf__ */
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>

/* Why a helper refused a frame. All are negative, none is an errno. */
enum hwirq_parse_error {
	HWIRQ_E_SHORT = -1,	/* the frame ends before the data does */
	HWIRQ_E_FORMAT = -2,	/* a field has a value it must not have */
	HWIRQ_E_BOUND = -3,	/* more of something than the helper follows */
};

/* Words of a frame read as what they are not declared as. */
typedef __u16 __attribute__((may_alias)) hwirq_alias16;
typedef __u32 __attribute__((may_alias)) hwirq_alias32;

/**
 * hwirq_be16_len - a 16-bit length field in host byte order
 * @field: length as in the frame
 *
 * Linux 6.12's verifier knows nothing about the result of a byte swap. The mask
 * tells it again, and the barrier keeps the compiler, which does know, from
 * dropping the mask.
 *
 * Path cost: at most 5.
 */
static __always_inline __u32 hwirq_be16_len(__be16 field)
{
	__u32 len = (__u16)bpf_ntohs(field);

	barrier_var(len);
	return len & 0xffff;
}

/**
 * struct hwirq_cursor - a position in a frame
 * @pos: next byte to parse
 * @end: one past the last byte of the frame
 *
 * Parsers advance @pos past what they accepted and never move @end: it is the
 * pointer that the verifier compares with.
 */
struct hwirq_cursor {
	void *pos;
	void *end;
};

/**
 * hwirq_cursor_init - point a cursor at the start of the frame
 * @ctx: the program's context
 *
 * Cannot fail; the frame may have any length, zero included.
 *
 * Path cost: at most 10.
 */
static __always_inline struct hwirq_cursor
hwirq_cursor_init(const struct hwirq_md *ctx)
{
	struct hwirq_cursor cur = {
		.pos = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};

	return cur;
}

/**
 * hwirq_beyond - whether bytes lie beyond the end of the frame
 * @start: where they start, inside the frame
 * @size: how many
 * @end: end of the frame
 *
 * The barrier keeps the compiler from moving @size to the other side of the
 * comparison: the verifier forbids arithmetic on the end of a packet.
 *
 * Path cost: at most 5.
 */
static __always_inline bool hwirq_beyond(const void *start, __u32 size,
					 const void *end)
{
	const char *stop = (const char *)start + size;

	barrier_var(stop);
	return stop > (const char *)end;
}

/**
 * hwirq_reach - get at bytes of the frame
 * @start: where they start, inside the frame
 * @size: how many, a compile-time constant for the verifier's sake
 * @end: end of the frame
 *
 * The verifier knows the bounds of the pointer that was compared, not of one
 * that the compiler computes anew from the same numbers. The barrier makes both
 * the same: use the pointer that this returns.
 *
 * Path cost: at most 5.
 *
 * Return: @start, or NULL if the frame ends before the bytes do.
 */
static __always_inline void *hwirq_reach(const void *start, __u32 size,
					 const void *end)
{
	char *p = (char *)(unsigned long)start;

	barrier_var(p);
	if (hwirq_beyond(p, size, end))
		return NULL;
	/* spares the caller's check: no frame lies there */
	if (!p)
		__builtin_unreachable();
	return p;
}

/**
 * hwirq_cursor_take - step over a header of fixed size
 * @cur: cursor
 * @size: bytes, a compile-time constant for the verifier's sake
 *
 * Path cost: at most 5.
 *
 * Return: the header, or NULL if the frame ends before it does.
 */
static __always_inline void *hwirq_cursor_take(struct hwirq_cursor *cur,
					       __u32 size)
{
	char *start = (char *)hwirq_reach(cur->pos, size, cur->end);

	if (start)
		cur->pos = start + size;
	return start;
}

/**
 * hwirq_offset - how many bytes lie between two places in the frame
 * @start: the first one
 * @pos: the second one, not before it; may be the end of the frame
 *
 * The difference of packet pointers reveals nothing, but the verifier allows it
 * only to those who load with CAP_PERFMON. The barriers keep the compiler, to which
 * all of this has 32 bits, from taking half of a pointer.
 *
 * Path cost: at most 5.
 */
static __always_inline __u32 hwirq_offset(const void *start, const void *pos)
{
	const char *from = (const char *)start, *to = (const char *)pos;
	__u64 bytes;

	barrier_var(from);
	barrier_var(to);
	bytes = (__u64)(to - from);
	barrier_var(bytes);
	return (__u32)bytes;
}

/**
 * hwirq_frame_len - length of the frame
 * @ctx: the program's context
 *
 * Needs CAP_PERFMON: see hwirq_offset().
 *
 * Path cost: at most 10.
 */
static __always_inline __u32 hwirq_frame_len(const struct hwirq_md *ctx)
{
	return hwirq_offset((void *)(long)ctx->data, (void *)(long)ctx->data_end);
}

#endif /* HWIRQ_BASE_H */
