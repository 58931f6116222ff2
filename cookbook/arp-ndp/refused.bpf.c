// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Refused: makes room for the option that the solicitation did not have. */
#include <hwirq_helpers.h>

SEC("hwirq")
int arp_ndp(struct hwirq_md *ctx)
{
	return bpf_xdp_adjust_tail((struct xdp_md *)ctx, 8) ? HWIRQ_PASS : HWIRQ_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
