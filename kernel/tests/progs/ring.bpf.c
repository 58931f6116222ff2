// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rings on command. A frame of BPF_PROG_TEST_RUN says what to do, and takes the
 * result; see struct command. Each program uses the rings that it names, so
 * ring_checks can attach those that share one and those that do not.
 */
#include <hwirq_helpers.h>
#include "ring.h"

#ifndef BPF_MAP_TYPE_HWIRQ_RINGBUF
#define BPF_MAP_TYPE_HWIRQ_RINGBUF 62
#endif

struct {
	__uint(type, BPF_MAP_TYPE_HWIRQ_RINGBUF);
	__uint(max_entries, RING_SIZE);
} ring_a SEC(".maps"), ring_b SEC(".maps");

static __always_inline struct command *command(struct hwirq_md *ctx)
{
	struct command *c = (void *)(long)ctx->data;

	return (void *)(c + 1) > (void *)(long)ctx->data_end ? 0 : c;
}

static __always_inline void fill(struct record *r, struct command *c)
{
	r->number = c->number++;
	__builtin_memcpy(r->text, c->text, sizeof(r->text));
}

SEC("hwirq")
int ring_submit(struct hwirq_md *ctx)
{
	struct command *c = command(ctx);
	struct record *r;

	if (!c)
		return HWIRQ_ABORTED;
	r = bpf_ringbuf_reserve(&ring_a, sizeof(*r), 0);
	if (!r) {
		c->number++;
		return HWIRQ_DROP;
	}
	fill(r, c);
	if (c->discard)
		bpf_ringbuf_discard(r, c->flags);
	else
		bpf_ringbuf_submit(r, c->flags);
	return HWIRQ_PASS;
}

SEC("hwirq")
int ring_submit_b(struct hwirq_md *ctx)
{
	struct command *c = command(ctx);
	struct record *r;

	if (!c)
		return HWIRQ_ABORTED;
	r = bpf_ringbuf_reserve(&ring_b, sizeof(*r), 0);
	if (!r)
		return HWIRQ_DROP;
	fill(r, c);
	bpf_ringbuf_submit(r, 0);
	return HWIRQ_PASS;
}

/* A second reservation fails, on the same ring only. */
SEC("hwirq")
int ring_nested(struct hwirq_md *ctx)
{
	struct command *c = command(ctx);
	struct record *r, *other, *b;
	int verdict = HWIRQ_PASS;

	if (!c)
		return HWIRQ_ABORTED;
	r = bpf_ringbuf_reserve(&ring_a, sizeof(*r), 0);
	if (!r)
		return HWIRQ_DROP;
	other = bpf_ringbuf_reserve(&ring_a, sizeof(*other), 0);
	if (other) {
		bpf_ringbuf_discard(other, 0);
		verdict = HWIRQ_ABORTED;
	}
	c->result = bpf_ringbuf_output(&ring_a, c->text, sizeof(c->text), 0);
	b = bpf_ringbuf_reserve(&ring_b, sizeof(*b), 0);
	if (b) {
		fill(b, c);
		bpf_ringbuf_submit(b, 0);
	} else {
		verdict = HWIRQ_ABORTED;
	}
	fill(r, c);
	bpf_ringbuf_submit(r, 0);
	return verdict;
}

/* Frame data goes out without a copy of the program's own. */
SEC("hwirq")
int ring_output(struct hwirq_md *ctx)
{
	struct command *c = command(ctx);

	if (!c)
		return HWIRQ_ABORTED;
	c->result = bpf_ringbuf_output(&ring_a, c->text, sizeof(c->text), c->flags);
	return HWIRQ_PASS;
}

/* A length that only the frame knows; 0 is one. */
SEC("hwirq")
int ring_output_len(struct hwirq_md *ctx)
{
	struct command *c = command(ctx);
	__u32 len;

	if (!c)
		return HWIRQ_ABORTED;
	len = c->len;
	if (len > sizeof(c->text))
		return HWIRQ_DROP;
	c->result = bpf_ringbuf_output(&ring_a, c->text, len, 0);
	return HWIRQ_PASS;
}

SEC("hwirq")
int ring_query(struct hwirq_md *ctx)
{
	struct command *c = command(ctx);
	__u64 *answer;

	if (!c)
		return HWIRQ_ABORTED;
	answer = (__u64 *)c->text;
	answer[0] = bpf_ringbuf_query(&ring_a, BPF_RB_AVAIL_DATA);
	answer[1] = bpf_ringbuf_query(&ring_a, BPF_RB_RING_SIZE);
	answer[2] = bpf_ringbuf_query(&ring_a, BPF_RB_CONS_POS);
	answer[3] = bpf_ringbuf_query(&ring_a, BPF_RB_PROD_POS);
	answer[4] = bpf_ringbuf_query(&ring_a, 99);
	return HWIRQ_PASS;
}

/* The largest record, one byte more, and flags that reserve does not know. */
SEC("hwirq")
int ring_sizes(struct hwirq_md *ctx)
{
	struct command *c = command(ctx);
	char *r;

	if (!c)
		return HWIRQ_ABORTED;
	r = bpf_ringbuf_reserve(&ring_a, RING_SIZE - RING_HDR + 1, 0);
	if (r) {
		bpf_ringbuf_discard(r, 0);
		return HWIRQ_ABORTED;
	}
	r = bpf_ringbuf_reserve(&ring_a, 8, 1);
	if (r) {
		bpf_ringbuf_discard(r, 0);
		return HWIRQ_ABORTED;
	}
	r = bpf_ringbuf_reserve(&ring_a, RING_SIZE - RING_HDR, 0);
	if (!r)
		return HWIRQ_DROP;
	r[0] = 'F';
	r[RING_SIZE - RING_HDR - 1] = 'L';
	bpf_ringbuf_submit(r, 0);
	return HWIRQ_PASS;
}

/* To the stack and into a record, inside the frame and not. */
SEC("hwirq")
int ring_load_bytes(struct hwirq_md *ctx)
{
	char stack[sizeof(((struct command *)0)->text)];
	struct command *c = command(ctx);
	struct record *r;
	__u32 at;

	if (!c)
		return HWIRQ_ABORTED;
	at = c->len;
	c->result = bpf_xdp_load_bytes((void *)ctx, at, stack, sizeof(stack));
	__builtin_memcpy(c->text, stack, sizeof(stack));
	r = bpf_ringbuf_reserve(&ring_a, sizeof(*r), 0);
	if (!r)
		return HWIRQ_DROP;
	r->number = bpf_xdp_load_bytes((void *)ctx, 0, r->text, sizeof(r->text));
	bpf_ringbuf_submit(r, 0);
	return HWIRQ_PASS;
}

/* Writes to no ring. */
SEC("hwirq")
int ring_none(struct hwirq_md *ctx)
{
	return HWIRQ_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
