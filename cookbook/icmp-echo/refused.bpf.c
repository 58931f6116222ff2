// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Refused: sums the whole message up again. */
#include <hwirq_helpers.h>

SEC("hwirq")
int icmp_echo(struct hwirq_md *ctx)
{
	struct hwirq_cursor cur = hwirq_cursor_init(ctx);
	struct hwirq_icmp *icmp;
	struct ethhdr *eth;
	struct iphdr *ip;
	__u32 len, rest, i;
	__be16 proto;
	__u64 sum = 0;
	__u16 *word;

	if (hwirq_parse_eth(&cur, &eth, &proto) || proto != bpf_htons(ETH_P_IP))
		return HWIRQ_PASS;
	if (hwirq_parse_ipv4(&cur, &ip, &len) || ip->protocol != IPPROTO_ICMP)
		return HWIRQ_PASS;
	if (hwirq_parse_icmp(&cur, len, &icmp, &rest))
		return HWIRQ_PASS;
	icmp->type = HWIRQ_ICMP_ECHO_REPLY;
	for (i = 0; i < 1480 / 2; i++) {
		word = hwirq_cursor_take(&cur, sizeof(*word));
		if (!word)
			break;
		sum += *word;
	}
	icmp->check = (__sum16)~hwirq_csum_fold(sum);
	hwirq_reply_ipv4(eth, ip, 64);
	return HWIRQ_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
