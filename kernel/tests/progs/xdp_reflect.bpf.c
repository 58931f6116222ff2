// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* XDP, not hwirq: proves the lab itself, stands in hwirq's way where asked, and is
 * what scripts/cost measures.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "packet.h"

SEC("xdp")
int xdp_reflect(struct xdp_md *ctx)
{
	switch (udp_port(TO_PTR(ctx->data), TO_PTR(ctx->data_end))) {
	case 1001:
		return XDP_DROP;
	case 1003:
		return XDP_TX;
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
