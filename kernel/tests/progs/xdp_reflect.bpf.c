// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* XDP, not hwirq: proves the lab itself, and stands in hwirq's way where asked. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "packet.h"

SEC("xdp")
int xdp_reflect(struct xdp_md *ctx)
{
	if (udp_port(TO_PTR(ctx->data), TO_PTR(ctx->data_end)) == 1003)
		return XDP_TX;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
