// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* udp-echo.bpf.c - answer UDP datagrams to a port with what they hold */
#include <hwirq_helpers.h>

const volatile __u16 port = 7;

SEC("hwirq")
int udp_echo(struct hwirq_md *ctx)
{
	struct hwirq_cursor cur = hwirq_cursor_init(ctx);
	struct ethhdr *eth;
	struct udphdr *udp;
	struct iphdr *ip;
	__u32 len, payload;
	__be16 proto;

	if (hwirq_parse_eth(&cur, &eth, &proto) || proto != bpf_htons(ETH_P_IP))
		return HWIRQ_PASS;
	if (hwirq_parse_ipv4(&cur, &ip, &len) || ip->protocol != IPPROTO_UDP)
		return HWIRQ_PASS;
	/* the ports are in the first fragment only */
	if (hwirq_ipv4_is_fragment(ip) || !hwirq_csum_ipv4_ok(ip, cur.end))
		return HWIRQ_PASS;
	if (hwirq_parse_udp(&cur, len, &udp, &payload) || udp->dest != bpf_htons(port))
		return HWIRQ_PASS;
	/* a group must not become the sender, and two servers not answer each other */
	if (hwirq_mac_is_group(eth->h_dest) || !hwirq_ipv4_is_unicast(ip->daddr) ||
	    !hwirq_ipv4_is_unicast(ip->saddr) || !udp->source || udp->source == udp->dest)
		return HWIRQ_PASS;
	hwirq_swap_udp(udp);
	hwirq_reply_ipv4(eth, ip, 64);
	return HWIRQ_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
