// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ring.bpf.c - every function of hwirq/ring.h, for the compilers, and an object for
 * test_ring.c to load
 */
#include <hwirq_helpers.h>

struct event {
	__u64 when;
	__u32 len;
	__u8 data[64];
};

const volatile __u32 snap = 64;
const volatile __u32 limit = 1 << 15;

HWIRQ_RING(events, 1 << 16);

SEC("hwirq")
int record(struct hwirq_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;
	struct event *e;

	if (hwirq_ring_query(&events, BPF_RB_AVAIL_DATA) > limit)
		return HWIRQ_PASS;
	if (!hwirq_beyond(data, 14, end))
		hwirq_ring_output(&events, data, 14, BPF_RB_NO_WAKEUP);

	e = (struct event *)hwirq_ring_reserve(&events, sizeof(*e));
	if (!e)
		return HWIRQ_PASS;
	e->when = ctx->timestamp;
	e->len = snap;
	if (e->len > sizeof(e->data) ||
	    hwirq_load_bytes(ctx, 0, e->data, sizeof(e->data))) {
		hwirq_ring_discard(e);
		return HWIRQ_PASS;
	}
	hwirq_ring_submit(e, 0);
	return HWIRQ_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
