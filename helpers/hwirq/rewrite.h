/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq/rewrite.h - turn a received frame into its answer, in place
 *
 * The headers must come from the parsers in hwirq/parse.h, which have checked
 * that they lie inside the frame; nothing here can fail. A frame keeps its
 * length. Exchanging two addresses or ports leaves every checksum valid.
 *
 * Context: any. Nothing here calls a BPF helper.
 */
#ifndef HWIRQ_REWRITE_H
#define HWIRQ_REWRITE_H

#include "csum.h"
#include "parse.h"

/*
 * Copy a MAC address. Both must lie at even addresses; the source may be a
 * setting, const volatile.
 * Path cost: at most 10.
 */
static __always_inline void hwirq_copy_mac(void *to, const volatile void *from)
{
	hwirq_alias16 *t = (hwirq_alias16 *)to;
	const volatile hwirq_alias16 *f = (const volatile hwirq_alias16 *)from;

	t[0] = f[0];
	t[1] = f[1];
	t[2] = f[2];
}

/**
 * hwirq_swap_mac - exchange source and destination of the Ethernet header
 * @eth: header
 *
 * Check hwirq_mac_is_group() first: a group address must not become a source.
 *
 * Path cost: at most 15.
 */
static __always_inline void hwirq_swap_mac(struct ethhdr *eth)
{
	hwirq_alias16 *d = (hwirq_alias16 *)eth->h_dest;
	hwirq_alias16 *s = (hwirq_alias16 *)eth->h_source;
	__u16 d0 = d[0], d1 = d[1], d2 = d[2];

	d[0] = s[0];
	d[1] = s[1];
	d[2] = s[2];
	s[0] = d0;
	s[1] = d1;
	s[2] = d2;
}

/*
 * Exchange source and destination address of an IPv4 header.
 * Path cost: at most 5.
 */
static __always_inline void hwirq_swap_ipv4(struct iphdr *ip)
{
	__be32 saddr = ip->saddr;

	ip->saddr = ip->daddr;
	ip->daddr = saddr;
}

/*
 * Exchange source and destination address of an IPv6 header.
 * Path cost: at most 20.
 */
static __always_inline void hwirq_swap_ipv6(struct ipv6hdr *ip6)
{
	hwirq_alias32 *s = (hwirq_alias32 *)&ip6->saddr;
	hwirq_alias32 *d = (hwirq_alias32 *)&ip6->daddr;
	__u32 w0 = s[0], w1 = s[1], w2 = s[2], w3 = s[3];

	s[0] = d[0];
	s[1] = d[1];
	s[2] = d[2];
	s[3] = d[3];
	d[0] = w0;
	d[1] = w1;
	d[2] = w2;
	d[3] = w3;
}

/*
 * Exchange source and destination port of a UDP header.
 * Path cost: at most 5.
 */
static __always_inline void hwirq_swap_udp(struct udphdr *udp)
{
	__be16 source = udp->source;

	udp->source = udp->dest;
	udp->dest = source;
}

/*
 * Exchange source and destination port of a TCP header.
 * Path cost: at most 5.
 */
static __always_inline void hwirq_swap_tcp(struct tcphdr *tcp)
{
	__be16 source = tcp->source;

	tcp->source = tcp->dest;
	tcp->dest = source;
}

/**
 * hwirq_ipv4_set_ttl - set the time to live and correct the header checksum
 * @ip: header
 * @ttl: hops
 *
 * Path cost: at most 20.
 */
static __always_inline void hwirq_ipv4_set_ttl(struct iphdr *ip, __u8 ttl)
{
	hwirq_csum_replace8(&ip->check, ip->ttl, ttl);
	ip->ttl = ttl;
}

/**
 * hwirq_reply_ipv4 - send a datagram back: the Ethernet and IPv4 headers
 * @eth: Ethernet header
 * @ip: IPv4 header
 * @ttl: time to live of the answer, in hops
 *
 * Exchanges MAC and IP addresses; header and transport checksums stay right. The
 * caller has checked that both addresses of either kind are those of single hosts.
 *
 * Path cost: at most 40.
 */
static __always_inline void hwirq_reply_ipv4(struct ethhdr *eth,
					     struct iphdr *ip, __u8 ttl)
{
	hwirq_swap_ipv4(ip);
	hwirq_ipv4_set_ttl(ip, ttl);
	hwirq_swap_mac(eth);
}

/**
 * hwirq_reply_ipv6 - send a datagram back: the Ethernet and IPv6 headers
 * @eth: Ethernet header
 * @ip6: IPv6 header
 * @hop_limit: of the answer
 *
 * As hwirq_reply_ipv4().
 *
 * Path cost: at most 35.
 */
static __always_inline void hwirq_reply_ipv6(struct ethhdr *eth,
					     struct ipv6hdr *ip6,
					     __u8 hop_limit)
{
	hwirq_swap_ipv6(ip6);
	ip6->hop_limit = hop_limit;
	hwirq_swap_mac(eth);
}

/* Type and code share a word of the checksum. Path cost: at most 25. */
static __always_inline void hwirq_icmp_set_type(struct hwirq_icmp *icmp,
						__u8 type)
{
	hwirq_alias16 *w = (hwirq_alias16 *)&icmp->type;
	__be16 old = *w;

	icmp->type = type;
	hwirq_csum_replace16(&icmp->check, old, *w);
}

/**
 * hwirq_icmp_echo_reply - turn an ICMP echo request into the reply to it
 * @eth: Ethernet header of the request
 * @ip: IPv4 header of the request, no fragment
 * @icmp: the request, from hwirq_parse_icmp()
 * @ttl: time to live of the reply, in hops
 *
 * Identifier, sequence number and payload stay; checksums are updated. The caller
 * checks that the type is HWIRQ_ICMP_ECHO_REQUEST, the code 0, and the addresses as
 * for hwirq_reply_ipv4().
 *
 * Path cost: at most 55.
 */
static __always_inline void hwirq_icmp_echo_reply(struct ethhdr *eth,
						  struct iphdr *ip,
						  struct hwirq_icmp *icmp,
						  __u8 ttl)
{
	hwirq_icmp_set_type(icmp, HWIRQ_ICMP_ECHO_REPLY);
	hwirq_reply_ipv4(eth, ip, ttl);
}

/**
 * hwirq_icmp6_echo_reply - turn an ICMPv6 echo request into the reply to it
 * @eth: Ethernet header of the request
 * @ip6: IPv6 header of the request
 * @icmp: the request, from hwirq_parse_icmp()
 * @hop_limit: of the reply
 *
 * As hwirq_icmp_echo_reply(), with HWIRQ_ICMP6_ECHO_REQUEST.
 *
 * Path cost: at most 60.
 */
static __always_inline void hwirq_icmp6_echo_reply(struct ethhdr *eth,
						   struct ipv6hdr *ip6,
						   struct hwirq_icmp *icmp,
						   __u8 hop_limit)
{
	hwirq_icmp_set_type(icmp, HWIRQ_ICMP6_ECHO_REPLY);
	hwirq_reply_ipv6(eth, ip6, hop_limit);
}

/**
 * hwirq_arp_reply - turn an ARP request into the reply to it
 * @eth: Ethernet header of the request
 * @arp: the request, from hwirq_parse_arp()
 * @mac: MAC address that answers for arp->tpa, at an even address
 *
 * The caller checks that it is a request for an address of its own, and that
 * the sender's MAC address is not a group address.
 *
 * Path cost: at most 35.
 */
static __always_inline void hwirq_arp_reply(struct ethhdr *eth,
					    struct hwirq_arp *arp,
					    const volatile void *mac)
{
	__be32 asked = arp->tpa;

	arp->op = bpf_htons(HWIRQ_ARP_REPLY);
	arp->tpa = arp->spa;
	arp->spa = asked;
	hwirq_copy_mac(arp->tha, arp->sha);
	hwirq_copy_mac(arp->sha, mac);
	hwirq_copy_mac(eth->h_dest, arp->tha);
	hwirq_copy_mac(eth->h_source, mac);
}

/**
 * hwirq_ndp_reply - turn a neighbour solicitation into the advertisement
 * @eth: Ethernet header of the solicitation
 * @ip6: its IPv6 header
 * @ndp: the solicitation, from hwirq_parse_ndp_solicit()
 * @mac: MAC address that answers for ndp->target, at an even address
 *
 * With the flags "solicited" and "override". The caller checks that the target is
 * an address of its own, that the sender's MAC address is not a group address, and
 * hwirq_csum_ndp_ok().
 *
 * Path cost: at most 90.
 */
static __always_inline void hwirq_ndp_reply(struct ethhdr *eth,
					    struct ipv6hdr *ip6,
					    struct hwirq_ndp *ndp,
					    const volatile void *mac)
{
	hwirq_alias32 *target = (hwirq_alias32 *)&ndp->target;
	hwirq_alias32 *s = (hwirq_alias32 *)&ip6->saddr;
	hwirq_alias32 *d = (hwirq_alias32 *)&ip6->daddr;
	int i;

	for (i = 0; i < 4; i++) {
		d[i] = s[i];
		s[i] = target[i];
	}
	hwirq_copy_mac(eth->h_dest, ndp->opt_mac);
	hwirq_copy_mac(eth->h_source, mac);
	ndp->type = HWIRQ_ICMP6_NDP_ADVERT;
	ndp->flags = bpf_htonl(HWIRQ_NDP_SOLICITED | HWIRQ_NDP_OVERRIDE);
	ndp->opt_type = HWIRQ_NDP_OPT_TARGET;
	hwirq_copy_mac(ndp->opt_mac, mac);
	ndp->check = hwirq_csum_ndp(ip6, ndp);
}

#endif /* HWIRQ_REWRITE_H */
