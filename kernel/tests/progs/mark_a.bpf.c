// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sends UDP frames to port 1010 back with 'A' as the first payload byte. */
#include <hwirq_helpers.h>
#include "packet.h"

SEC("hwirq")
int mark_a(struct hwirq_md *ctx)
{
	__u8 *data = TO_PTR(ctx->data), *end = TO_PTR(ctx->data_end);

	if (udp_port(data, end) != 1010)
		return HWIRQ_PASS;
	if (data + PAYLOAD_AT + 1 > end)
		return HWIRQ_ABORTED;
	data[PAYLOAD_AT] = 'A';
	return HWIRQ_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
