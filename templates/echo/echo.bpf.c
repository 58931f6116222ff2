// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * echo.bpf.c - answer UDP datagrams and ARP from the hard interrupt handler
 *
 * A datagram to the configured port goes back where it came from: MAC and IP
 * addresses and ports exchanged, VLAN tags, options and payload as they were.
 * That leaves the UDP checksum valid, also where there is none. Whatever this
 * program does not fully understand belongs to the network stack.
 */
#include <hwirq_helpers.h>

/* Set by the loader before load, constant for the verifier. */
const volatile __u16 echo_port = 7;	/* host byte order */
const volatile __u8 own_mac[ETH_ALEN] __attribute__((aligned(2)));
const volatile __be32 own_ip4;		/* 0: echo any address, no ARP */
const volatile __be32 own_ip6[4];	/* ::: echo any address */

#define ECHO_TTL 64			/* ours, not what is left of theirs */

static __always_inline bool ip4_is_own(__be32 addr)
{
	if (own_ip4)
		return addr == own_ip4;
	return hwirq_ipv4_is_unicast(addr);
}

static __always_inline bool ip6_is_own(const struct in6_addr *addr)
{
	struct in6_addr own;
	int i;

	for (i = 0; i < 4; i++)
		own.s6_addr32[i] = own_ip6[i];
	if (own.s6_addr32[0] | own.s6_addr32[1] | own.s6_addr32[2] |
	    own.s6_addr32[3])
		return hwirq_ipv6_equal(addr, &own);
	return hwirq_ipv6_is_unicast(addr);
}

static __always_inline int do_arp(struct hwirq_cursor *cur, struct ethhdr *eth)
{
	struct hwirq_arp *arp;

	if (hwirq_parse_arp(cur, &arp))
		return HWIRQ_PASS;
	if (arp->op != bpf_htons(HWIRQ_ARP_REQUEST))
		return HWIRQ_PASS;
	if (!own_ip4 || arp->tpa != own_ip4)
		return HWIRQ_PASS;
	/* Someone else claims our address: for the stack to defend. */
	if (arp->spa == own_ip4 || hwirq_mac_is_group(arp->sha))
		return HWIRQ_PASS;
	hwirq_arp_reply(eth, arp, own_mac);
	return HWIRQ_TX;
}

/* Whether to answer; if so, exchanges the ports. */
static __always_inline bool do_udp(struct hwirq_cursor *cur, __u32 len,
				   bool need_csum)
{
	struct udphdr *udp;
	__u32 payload;

	if (hwirq_parse_udp(cur, len, &udp, &payload))
		return false;
	if (udp->dest != bpf_htons(echo_port))
		return false;
	/*
	 * Source port 0 wants no answer, and two echo servers would answer each
	 * other for ever.
	 */
	if (!udp->source || udp->source == udp->dest)
		return false;
	if (need_csum && !udp->check)
		return false;
	hwirq_swap_udp(udp);
	return true;
}

static __always_inline int do_ip4(struct hwirq_cursor *cur, struct ethhdr *eth)
{
	struct iphdr *ip;
	__u32 len;

	if (hwirq_parse_ipv4(cur, &ip, &len))
		return HWIRQ_PASS;
	if (ip->protocol != IPPROTO_UDP || hwirq_ipv4_is_fragment(ip))
		return HWIRQ_PASS;
	if (!ip4_is_own(ip->daddr) || !hwirq_ipv4_is_unicast(ip->saddr))
		return HWIRQ_PASS;
	if (!hwirq_csum_ipv4_ok(ip, cur->end))
		return HWIRQ_PASS;
	if (!do_udp(cur, len, false))
		return HWIRQ_PASS;
	hwirq_swap_ipv4(ip);
	hwirq_ipv4_set_ttl(ip, ECHO_TTL);
	hwirq_swap_mac(eth);
	return HWIRQ_TX;
}

static __always_inline int do_ip6(struct hwirq_cursor *cur, struct ethhdr *eth)
{
	struct ipv6hdr *ip6;
	__u32 len;
	__u8 proto;

	if (hwirq_parse_ipv6(cur, &ip6, &proto, &len))
		return HWIRQ_PASS;
	if (proto != IPPROTO_UDP)
		return HWIRQ_PASS;
	if (!ip6_is_own(&ip6->daddr) || !hwirq_ipv6_is_unicast(&ip6->saddr))
		return HWIRQ_PASS;
	if (!do_udp(cur, len, true))
		return HWIRQ_PASS;
	hwirq_swap_ipv6(ip6);
	ip6->hop_limit = ECHO_TTL;
	hwirq_swap_mac(eth);
	return HWIRQ_TX;
}

SEC("hwirq")
int echo(struct hwirq_md *ctx)
{
	struct hwirq_cursor cur = hwirq_cursor_init(ctx);
	struct ethhdr *eth;
	__be16 proto;

	if (hwirq_parse_eth(&cur, &eth, &proto))
		return HWIRQ_PASS;
	if (hwirq_mac_is_group(eth->h_source))
		return HWIRQ_PASS;
	if (hwirq_parse_vlan(&cur, &proto) < 0)
		return HWIRQ_PASS;
	if (proto == bpf_htons(ETH_P_ARP))
		return do_arp(&cur, eth);
	/* Group addresses must not become a source, other stations' frames
	 * are none of our business.
	 */
	if (!hwirq_mac_equal(eth->h_dest, own_mac))
		return HWIRQ_PASS;
	if (proto == bpf_htons(ETH_P_IP))
		return do_ip4(&cur, eth);
	if (proto == bpf_htons(ETH_P_IPV6))
		return do_ip6(&cur, eth);
	return HWIRQ_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
