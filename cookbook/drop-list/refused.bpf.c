// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Refused: a list that user space changes while the program looks at it. */
#include <hwirq_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __be32);
	__type(value, __u8);
} list SEC(".maps");

SEC("hwirq")
int drop_list(struct hwirq_md *ctx)
{
	struct hwirq_cursor cur = hwirq_cursor_init(ctx);
	struct ethhdr *eth;
	struct iphdr *ip;
	__be16 proto;
	__u32 len;

	if (hwirq_parse_eth(&cur, &eth, &proto) || proto != bpf_htons(ETH_P_IP))
		return HWIRQ_PASS;
	if (hwirq_parse_ipv4(&cur, &ip, &len))
		return HWIRQ_PASS;
	return bpf_map_lookup_elem(&list, &ip->saddr) ? HWIRQ_DROP : HWIRQ_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
