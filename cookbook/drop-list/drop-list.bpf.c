// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* drop-list.bpf.c - drop what comes from the IPv4 addresses of a list */
#include <hwirq_helpers.h>

#define LIST_MAX 64

/* In network byte order, up to the first 0.0.0.0. */
const volatile __be32 list[LIST_MAX];

SEC("hwirq")
int drop_list(struct hwirq_md *ctx)
{
	struct hwirq_cursor cur = hwirq_cursor_init(ctx);
	struct ethhdr *eth;
	struct iphdr *ip;
	__be16 proto;
	__u32 len, i;

	if (hwirq_parse_eth(&cur, &eth, &proto) || hwirq_parse_vlan(&cur, &proto) < 0)
		return HWIRQ_PASS;
	if (proto != bpf_htons(ETH_P_IP) || hwirq_parse_ipv4(&cur, &ip, &len))
		return HWIRQ_PASS;
	for (i = 0; i < LIST_MAX; i++) {
		if (!list[i])
			break;
		if (ip->saddr == list[i])
			return HWIRQ_DROP;
	}
	return HWIRQ_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
