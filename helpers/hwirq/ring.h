/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq/ring.h - records from a hard-IRQ program to user space
 *
 *	HWIRQ_RING(events, 1 << 20);
 *
 *	struct event *e = hwirq_ring_reserve(&events, sizeof(*e));
 *	if (!e)
 *		return HWIRQ_PASS;	(the ring has counted the loss)
 *	e->when = ctx->timestamp;
 *	hwirq_ring_submit(e, 0);
 *
 * A ring serves one receive queue: an instance of the program attached to all
 * queues of a device that has several is refused. hwirq/queues.h loads one
 * instance per queue.
 *
 * Context: hard-IRQ programs only. Nothing here spins, allocates or waits. The
 * path costs below are what a call adds to the verifier's account (4096 by default)
 * beside the instruction itself. Where bytes are copied, the largest number counts
 * that the verifier cannot rule out.
 */
#ifndef HWIRQ_RING_H
#define HWIRQ_RING_H

#include "base.h"

#ifdef __bpf__

/**
 * HWIRQ_RING - define a ring
 * @name: of the map
 * @bytes: size of its data area: a power of two from 4096 to HWIRQ_RING_MAX_SIZE,
 *         and a multiple of the page size. A loader can change it before load:
 *         bpf_map__set_max_entries().
 *
 * A record takes 16 bytes beside its payload, rounded up to a multiple of 8.
 */
#define HWIRQ_RING(name, bytes)						\
	_Static_assert((bytes) >= 4096 && (bytes) <= HWIRQ_RING_MAX_SIZE &&	\
		       !((bytes) & ((bytes) - 1)),				\
		       "the size of ring " #name " must be a power of two from 4096 to 64 MiB"); \
	struct {								\
		__uint(type, BPF_MAP_TYPE_HWIRQ_RINGBUF);			\
		__uint(max_entries, bytes);					\
	} name SEC(".maps")

/**
 * hwirq_ring_reserve - room for a record
 * @ring: address of a HWIRQ_RING()
 * @size: bytes of payload, constant for the verifier: a compile-time constant, or
 *        computed from `const volatile` globals
 *
 * The record must reach hwirq_ring_submit() or hwirq_ring_discard() on every path
 * before the program ends. One at a time: while it is outstanding, every other
 * reserve and output fails. Its content is what an older record left there.
 *
 * Path cost: 40.
 *
 * Return: the record, or NULL. Then the ring is full (user space is slow, or
 * @size does not fit at all) or another record is outstanding; the ring counts the
 * record as dropped, and the next one shows the gap.
 */
#define hwirq_ring_reserve(ring, size) bpf_ringbuf_reserve((ring), (size), 0)

/**
 * hwirq_ring_submit - publish a record
 * @rec: from hwirq_ring_reserve()
 * @flags: 0 to wake a waiting consumer if it had seen all before,
 *         BPF_RB_NO_WAKEUP, or BPF_RB_FORCE_WAKEUP
 *
 * Cannot fail; @rec must not be used afterwards. The wake-up takes place after
 * the interrupt.
 *
 * Path cost: 250, most of it for the wake-up.
 */
static __always_inline void hwirq_ring_submit(void *rec, __u64 flags)
{
	bpf_ringbuf_submit(rec, flags);
}

/**
 * hwirq_ring_discard - give a record back unpublished
 * @rec: from hwirq_ring_reserve()
 *
 * As if it had never been reserved: it takes no sequence number, and nobody is
 * woken. Cannot fail; @rec must not be used afterwards.
 *
 * Path cost: 250.
 */
static __always_inline void hwirq_ring_discard(void *rec)
{
	bpf_ringbuf_discard(rec, BPF_RB_NO_WAKEUP);
}

/**
 * hwirq_ring_output - publish a copy of some bytes
 * @ring: address of a HWIRQ_RING()
 * @data: stack, .rodata, or bytes of the frame whose bounds are checked
 * @size: how many
 * @flags: as for hwirq_ring_submit()
 *
 * Path cost: 290, plus 1 for each 8 bytes that @size may be.
 *
 * Return: 0, -EAGAIN if the record was dropped as by hwirq_ring_reserve(), or
 * -EINVAL for unknown @flags.
 */
static __always_inline long hwirq_ring_output(void *ring, const void *data,
					      __u64 size, __u64 flags)
{
	return bpf_ringbuf_output(ring, (void *)(unsigned long)data, size, flags);
}

/**
 * hwirq_ring_query - how full a ring is
 * @ring: address of a HWIRQ_RING()
 * @what: BPF_RB_AVAIL_DATA (bytes not consumed), BPF_RB_RING_SIZE, BPF_RB_CONS_POS,
 *        BPF_RB_PROD_POS
 *
 * A snapshot: user space consumes meanwhile. The consumer's position is the word
 * of a process, and only good for statistics and for shedding load.
 *
 * Path cost: 40.
 *
 * Return: the value, or 0 for any other @what.
 */
static __always_inline __u64 hwirq_ring_query(void *ring, __u64 what)
{
	return bpf_ringbuf_query(ring, what);
}

/**
 * hwirq_load_bytes - copy bytes of the frame
 * @ctx: the program's context
 * @off: offset of the first from the start of the frame
 * @buf: where to: the stack, or a record of a ring
 * @len: how many, at least 1; the verifier must see that they fit into @buf
 *
 * For lengths that only run time knows: needs no bounds check, because it does one
 * of its own.
 *
 * Path cost: 30, plus 1 for each 8 bytes that @len may be.
 *
 * Return: 0, or -EINVAL if the frame ends before the bytes do; @buf is all zeros
 * then.
 */
static __always_inline long hwirq_load_bytes(struct hwirq_md *ctx, __u32 off,
					     void *buf, __u32 len)
{
	return bpf_xdp_load_bytes((struct xdp_md *)ctx, off, buf, len);
}

#endif /* __bpf__ */

#endif /* HWIRQ_RING_H */
