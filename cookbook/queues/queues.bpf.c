// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* queues.bpf.c - tell user space of each frame, from each queue by a ring of its own */
#include <hwirq_helpers.h>

HWIRQ_RING(events, 1 << 16);

SEC("hwirq")
int queues(struct hwirq_md *ctx)
{
	__u64 when = ctx->timestamp;

	hwirq_ring_output(&events, &when, sizeof(when), 0);
	return HWIRQ_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
