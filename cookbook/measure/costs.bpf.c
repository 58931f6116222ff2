// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * costs.bpf.c - a program for each helper, to measure what it adds to the longest path
 *
 * FUNCTION__BASE is the program BASE__..., with a call of hwirq_FUNCTION() more: the
 * difference of the two is the path cost that the headers state.
 */
#include <hwirq_helpers.h>

/* What each program declares, and a place for results that are needed nowhere else. */
#define PROGRAM(name, ...)							\
	SEC("hwirq") int name(struct hwirq_md *ctx)				\
	{									\
		struct hwirq_cursor cur __attribute__((unused));		\
		struct hwirq_icmp *icmp __attribute__((unused));		\
		struct ipv6hdr *ip6 __attribute__((unused));			\
		struct hwirq_ndp *ndp __attribute__((unused));			\
		struct hwirq_arp *arp __attribute__((unused));			\
		struct tcphdr *tcp __attribute__((unused));			\
		struct udphdr *udp __attribute__((unused));			\
		struct ethhdr *eth __attribute__((unused));			\
		struct iphdr *ip __attribute__((unused));			\
		__u32 len __attribute__((unused)) = 0;				\
		__u32 rest __attribute__((unused)) = 0;				\
		__be16 proto __attribute__((unused));				\
		__sum16 csum __attribute__((unused));				\
		__u8 next __attribute__((unused));				\
										\
		cur = hwirq_cursor_init(ctx);					\
		__VA_ARGS__							\
		return HWIRQ_PASS;						\
	}

#define TRY(call)	if (call) return HWIRQ_DROP;
#define KEEP(value)	eth->h_source[5] = (__u8)(value);
#define ETH		TRY(hwirq_parse_eth(&cur, &eth, &proto))
#define ARP		ETH TRY(hwirq_parse_arp(&cur, &arp))
#define IP4		ETH TRY(hwirq_parse_ipv4(&cur, &ip, &len))
#define IP6		ETH TRY(hwirq_parse_ipv6(&cur, &ip6, &next, &len))
#define UDP4		IP4 TRY(hwirq_parse_udp(&cur, len, &udp, &rest))
#define UDP6		IP6 TRY(hwirq_parse_udp(&cur, len, &udp, &rest))
#define ICMP4		IP4 TRY(hwirq_parse_icmp(&cur, len, &icmp, &rest))
#define ICMP6		IP6 TRY(hwirq_parse_icmp(&cur, len, &icmp, &rest))
#define TCP4		IP4 TRY(hwirq_parse_tcp(&cur, len, &tcp, &rest))
#define NDP		IP6 TRY(hwirq_parse_ndp_solicit(&cur, ip6, len, &ndp))

PROGRAM(nothing)
PROGRAM(cursor_init__nothing, TRY(cur.pos == cur.end))
PROGRAM(parse_eth__nothing, ETH KEEP(proto))
PROGRAM(parse_vlan__parse_eth, ETH TRY(hwirq_parse_vlan(&cur, &proto) < 0) KEEP(proto))
PROGRAM(parse_arp__parse_eth, ARP KEEP(arp->op))
PROGRAM(parse_ipv4__parse_eth, IP4 KEEP(len))
PROGRAM(parse_ipv6__parse_eth, IP6 KEEP(len + next))
PROGRAM(parse_udp__parse_ipv4, UDP4 KEEP(rest))
PROGRAM(parse_tcp__parse_ipv4, TCP4 KEEP(rest))
PROGRAM(parse_icmp__parse_ipv4, ICMP4 KEEP(rest))
PROGRAM(parse_ndp_solicit__parse_ipv6, NDP KEEP(len))

PROGRAM(be16_len__parse_eth, ETH KEEP(hwirq_be16_len(proto)))
PROGRAM(beyond__parse_eth, ETH TRY(hwirq_beyond(cur.pos, 8, cur.end)) KEEP(proto))
PROGRAM(reach__parse_eth, ETH TRY(!hwirq_reach(cur.pos, 8, cur.end)) KEEP(proto))
PROGRAM(cursor_take__parse_eth, ETH TRY(!hwirq_cursor_take(&cur, 8)) KEEP(proto))
PROGRAM(offset__parse_eth, ETH KEEP(hwirq_offset(eth, cur.pos)))
PROGRAM(frame_len__parse_eth, ETH KEEP(hwirq_frame_len(ctx)))
PROGRAM(csum_fold__parse_eth, ETH KEEP(hwirq_csum_fold(ctx->timestamp)))
PROGRAM(proto_is_vlan__parse_eth, ETH KEEP(hwirq_proto_is_vlan(proto)))
PROGRAM(mac_is_group__parse_eth, ETH KEEP(hwirq_mac_is_group(eth->h_dest)))
PROGRAM(mac_equal__parse_eth, ETH KEEP(hwirq_mac_equal(eth->h_dest, eth->h_source)))
PROGRAM(ipv4_is_fragment__parse_ipv4, IP4 KEEP(len + hwirq_ipv4_is_fragment(ip)))
PROGRAM(ipv4_is_unicast__parse_ipv4, IP4 KEEP(len + hwirq_ipv4_is_unicast(ip->saddr)))
PROGRAM(ipv6_is_unicast__parse_ipv6, IP6 KEEP(len + next + hwirq_ipv6_is_unicast(&ip6->saddr)))
PROGRAM(ipv6_equal__parse_ipv6,
	IP6 KEEP(len + next + hwirq_ipv6_equal(&ip6->saddr, &ip6->daddr)))

PROGRAM(csum_ipv4_ok__parse_ipv4, IP4 KEEP(len + hwirq_csum_ipv4_ok(ip, cur.end)))
PROGRAM(csum_ipv4__parse_ipv4, IP4 TRY(hwirq_csum_ipv4(ip, cur.end, &csum)) KEEP(len + csum))
PROGRAM(csum_udp4__parse_udp, UDP4 TRY(hwirq_csum_udp4(ip, udp, cur.end, &csum)) KEEP(rest + csum))
PROGRAM(udp6__parse_ipv6, UDP6 KEEP(rest))
PROGRAM(csum_udp6__udp6, UDP6 TRY(hwirq_csum_udp6(ip6, udp, cur.end, &csum)) KEEP(rest + csum))
PROGRAM(csum_ndp_ok__parse_ndp_solicit, NDP KEEP(len + hwirq_csum_ndp_ok(ip6, ndp)))
PROGRAM(csum_ndp__parse_ndp_solicit, NDP KEEP(len + hwirq_csum_ndp(ip6, ndp)))
PROGRAM(csum_replace8__parse_udp,
	UDP4 KEEP(rest) hwirq_csum_replace8(&ip->check, ip->tos, ip->ttl);)
PROGRAM(csum_replace16__parse_udp,
	UDP4 KEEP(rest) hwirq_csum_replace16(&ip->check, udp->source, udp->dest);)
PROGRAM(csum_replace32__parse_udp,
	UDP4 KEEP(rest) hwirq_csum_replace32(&ip->check, ip->saddr, ip->daddr);)
PROGRAM(csum_udp_replace16__parse_udp,
	UDP4 KEEP(rest) hwirq_csum_udp_replace16(&udp->check, udp->source, udp->dest);)
PROGRAM(csum_udp_replace32__parse_udp,
	UDP4 KEEP(rest) hwirq_csum_udp_replace32(&udp->check, ip->saddr, ip->daddr);)

PROGRAM(copy_mac__parse_eth, ETH hwirq_copy_mac(eth->h_dest, eth->h_source); KEEP(proto))
PROGRAM(swap_mac__parse_eth, ETH hwirq_swap_mac(eth); KEEP(proto))
PROGRAM(swap_ipv4__parse_ipv4, IP4 hwirq_swap_ipv4(ip); KEEP(len))
PROGRAM(swap_ipv6__parse_ipv6, IP6 hwirq_swap_ipv6(ip6); KEEP(len + next))
PROGRAM(swap_udp__parse_udp, UDP4 hwirq_swap_udp(udp); KEEP(rest))
PROGRAM(swap_tcp__parse_tcp, TCP4 hwirq_swap_tcp(tcp); KEEP(rest))
PROGRAM(ipv4_set_ttl__parse_ipv4, IP4 hwirq_ipv4_set_ttl(ip, 64); KEEP(len))
PROGRAM(reply_ipv4__parse_ipv4, IP4 hwirq_reply_ipv4(eth, ip, 64); KEEP(len))
PROGRAM(reply_ipv6__parse_ipv6, IP6 hwirq_reply_ipv6(eth, ip6, 64); KEEP(len + next))
PROGRAM(icmp_set_type__parse_icmp, ICMP4 hwirq_icmp_set_type(icmp, 0); KEEP(rest))
PROGRAM(icmp_echo_reply__parse_icmp, ICMP4 hwirq_icmp_echo_reply(eth, ip, icmp, 64); KEEP(rest))
PROGRAM(icmp6__parse_ipv6, ICMP6 KEEP(rest))
PROGRAM(icmp6_echo_reply__icmp6, ICMP6 hwirq_icmp6_echo_reply(eth, ip6, icmp, 64); KEEP(rest))
PROGRAM(arp_reply__parse_arp, ARP hwirq_arp_reply(eth, arp, arp->sha); KEEP(arp->op))
PROGRAM(ndp_reply__parse_ndp_solicit, NDP hwirq_ndp_reply(eth, ip6, ndp, ndp->opt_mac); KEEP(len))

char LICENSE[] SEC("license") = "Dual BSD/GPL";
