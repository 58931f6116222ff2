// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sends UDP frames to port 1020 back with what the context holds in the
 * payload, in native byte order: ifindex, queue, length, timestamp, age in ns.
 */
#include <hwirq_helpers.h>
#include "packet.h"

struct answer {
	__u32 ifindex;
	__u32 queue;
	__u32 len;
	__u32 cpu;
	__u64 timestamp;
	__u64 age;
} __attribute__((packed));

SEC("hwirq")
int context(struct hwirq_md *ctx)
{
	__u8 *data = TO_PTR(ctx->data), *end = TO_PTR(ctx->data_end);
	struct answer *a;

	if (udp_port(data, end) != 1020)
		return HWIRQ_PASS;
	a = (struct answer *)(data + PAYLOAD_AT);
	if ((__u8 *)(a + 1) > end)
		return HWIRQ_ABORTED;
	a->ifindex = ctx->ingress_ifindex;
	a->queue = ctx->rx_queue_index;
	a->len = end - data;
	a->cpu = bpf_get_smp_processor_id();
	a->timestamp = ctx->timestamp;
	a->age = bpf_ktime_get_ns() - ctx->timestamp;
	return HWIRQ_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
