// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* arp-ndp.bpf.c - tell neighbours our MAC address, for IPv4 and IPv6 */
#include <hwirq_helpers.h>

const volatile __u8 own_mac[ETH_ALEN] __attribute__((aligned(2)));
const volatile __be32 own_ip4;
const volatile __be32 own_ip6[4];

static __always_inline int answer_arp(struct hwirq_cursor *cur, struct ethhdr *eth)
{
	struct hwirq_arp *arp;

	if (hwirq_parse_arp(cur, &arp) || arp->op != bpf_htons(HWIRQ_ARP_REQUEST))
		return HWIRQ_PASS;
	/* someone who claims our address is for the stack to deal with */
	if (!own_ip4 || arp->tpa != own_ip4 || arp->spa == own_ip4 ||
	    hwirq_mac_is_group(arp->sha))
		return HWIRQ_PASS;
	hwirq_arp_reply(eth, arp, own_mac);
	return HWIRQ_TX;
}

static __always_inline int answer_ndp(struct hwirq_cursor *cur, struct ethhdr *eth)
{
	const hwirq_alias32 *target;
	struct hwirq_ndp *ndp;
	struct ipv6hdr *ip6;
	__u8 proto;
	__u32 len;

	if (hwirq_parse_ipv6(cur, &ip6, &proto, &len) || proto != IPPROTO_ICMPV6)
		return HWIRQ_PASS;
	if (hwirq_parse_ndp_solicit(cur, ip6, len, &ndp))
		return HWIRQ_PASS;
	target = (const hwirq_alias32 *)&ndp->target;
	if (target[0] != own_ip6[0] || target[1] != own_ip6[1] ||
	    target[2] != own_ip6[2] || target[3] != own_ip6[3])
		return HWIRQ_PASS;
	if (hwirq_mac_is_group(ndp->opt_mac) || !hwirq_csum_ndp_ok(ip6, ndp))
		return HWIRQ_PASS;
	hwirq_ndp_reply(eth, ip6, ndp, own_mac);
	return HWIRQ_TX;
}

SEC("hwirq")
int arp_ndp(struct hwirq_md *ctx)
{
	struct hwirq_cursor cur = hwirq_cursor_init(ctx);
	struct ethhdr *eth;
	__be16 proto;

	if (hwirq_parse_eth(&cur, &eth, &proto))
		return HWIRQ_PASS;
	if (proto == bpf_htons(ETH_P_ARP))
		return answer_arp(&cur, eth);
	if (proto == bpf_htons(ETH_P_IPV6))
		return answer_ndp(&cur, eth);
	return HWIRQ_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
