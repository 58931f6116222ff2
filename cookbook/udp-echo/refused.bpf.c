// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Refused: believes that the frame is as long as its headers are. */
#include <hwirq_helpers.h>

SEC("hwirq")
int udp_echo(struct hwirq_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if (ip->protocol != IPPROTO_UDP || udp->dest != bpf_htons(7))
		return HWIRQ_PASS;
	hwirq_swap_udp(udp);
	hwirq_swap_ipv4(ip);
	hwirq_swap_mac(eth);
	return HWIRQ_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
