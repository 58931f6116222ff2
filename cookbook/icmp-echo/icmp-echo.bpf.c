// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* icmp-echo.bpf.c - answer ping, for IPv4 and IPv6 */
#include <hwirq_helpers.h>

const volatile __be32 own_ip4;
const volatile __be32 own_ip6[4];

#define TTL 64

static __always_inline bool ip6_is_own(const struct in6_addr *addr)
{
	const hwirq_alias32 *w = (const hwirq_alias32 *)addr;

	return w[0] == own_ip6[0] && w[1] == own_ip6[1] && w[2] == own_ip6[2] &&
	       w[3] == own_ip6[3];
}

static __always_inline int ping4(struct hwirq_cursor *cur, struct ethhdr *eth)
{
	struct hwirq_icmp *icmp;
	struct iphdr *ip;
	__u32 len, rest;

	if (hwirq_parse_ipv4(cur, &ip, &len) || ip->protocol != IPPROTO_ICMP)
		return HWIRQ_PASS;
	if (hwirq_ipv4_is_fragment(ip) || !hwirq_csum_ipv4_ok(ip, cur->end))
		return HWIRQ_PASS;
	if (!own_ip4 || ip->daddr != own_ip4 || !hwirq_ipv4_is_unicast(ip->saddr))
		return HWIRQ_PASS;
	if (hwirq_parse_icmp(cur, len, &icmp, &rest) ||
	    icmp->type != HWIRQ_ICMP_ECHO_REQUEST || icmp->code)
		return HWIRQ_PASS;
	hwirq_icmp_echo_reply(eth, ip, icmp, TTL);
	return HWIRQ_TX;
}

static __always_inline int ping6(struct hwirq_cursor *cur, struct ethhdr *eth)
{
	struct hwirq_icmp *icmp;
	struct ipv6hdr *ip6;
	__u32 len, rest;
	__u8 proto;

	if (hwirq_parse_ipv6(cur, &ip6, &proto, &len) || proto != IPPROTO_ICMPV6)
		return HWIRQ_PASS;
	if (!ip6_is_own(&ip6->daddr) || !hwirq_ipv6_is_unicast(&ip6->saddr))
		return HWIRQ_PASS;
	if (hwirq_parse_icmp(cur, len, &icmp, &rest) ||
	    icmp->type != HWIRQ_ICMP6_ECHO_REQUEST || icmp->code)
		return HWIRQ_PASS;
	hwirq_icmp6_echo_reply(eth, ip6, icmp, TTL);
	return HWIRQ_TX;
}

SEC("hwirq")
int icmp_echo(struct hwirq_md *ctx)
{
	struct hwirq_cursor cur = hwirq_cursor_init(ctx);
	struct ethhdr *eth;
	__be16 proto;

	if (hwirq_parse_eth(&cur, &eth, &proto))
		return HWIRQ_PASS;
	if (hwirq_mac_is_group(eth->h_dest) || hwirq_mac_is_group(eth->h_source))
		return HWIRQ_PASS;
	if (proto == bpf_htons(ETH_P_IP))
		return ping4(&cur, eth);
	if (proto == bpf_htons(ETH_P_IPV6))
		return ping6(&cur, eth);
	return HWIRQ_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
