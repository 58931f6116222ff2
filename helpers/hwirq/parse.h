/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq/parse.h - bounds-checked parsing of a received frame
 *
 * Each parser takes a cursor, checks that the header is there and that its
 * length fields agree with each other and with the frame, and moves the cursor
 * to what follows. On error the cursor's position is unspecified and outputs
 * are not written.
 *
 * Headers keep network byte order; __be16 and __be32 say so. Lengths that the
 * parsers hand out are counted in bytes and are in host order.
 *
 * Context: any. Nothing here calls a BPF helper.
 */
#ifndef HWIRQ_PARSE_H
#define HWIRQ_PARSE_H

#include "base.h"

/* Tags that hwirq_parse_vlan() follows: QinQ has two. */
#define HWIRQ_VLAN_MAX		2

/* Extension headers that hwirq_parse_ipv6() follows. */
#define HWIRQ_IPV6_EXT_MAX	4

/**
 * struct hwirq_vlan_hdr - what follows the EtherType of a tagged frame
 * @tci: priority, drop-eligible bit and VLAN id
 * @proto: EtherType of what follows the tag
 */
struct hwirq_vlan_hdr {
	__be16 tci;
	__be16 proto;
};

/**
 * struct hwirq_arp - ARP for IPv4 over Ethernet, the whole packet
 * @htype: hardware type, 1 for Ethernet
 * @ptype: protocol type, an EtherType
 * @hlen: bytes in a hardware address
 * @plen: bytes in a protocol address
 * @op: HWIRQ_ARP_REQUEST, HWIRQ_ARP_REPLY
 * @sha: sender's MAC address
 * @spa: sender's IPv4 address
 * @tha: target's MAC address
 * @tpa: target's IPv4 address
 *
 * <linux/if_arp.h> leaves the addresses out and drags in <linux/if.h>.
 */
struct hwirq_arp {
	__be16 htype;
	__be16 ptype;
	__u8 hlen;
	__u8 plen;
	__be16 op;
	__u8 sha[ETH_ALEN];
	__be32 spa;
	__u8 tha[ETH_ALEN];
	__be32 tpa;
} __attribute__((packed, aligned(2)));

#define HWIRQ_ARP_REQUEST	1
#define HWIRQ_ARP_REPLY		2

/**
 * struct hwirq_icmp - what each ICMP and ICMPv6 message begins with
 * @type: HWIRQ_ICMP_ECHO_*, HWIRQ_ICMP6_ECHO_* or another
 * @code: the meaning depends on the type
 * @check: checksum; that of ICMPv6 covers a pseudo-header, too
 * @id: of an echo request and its reply
 * @seq: of an echo request and its reply
 *
 * <linux/icmp.h> drags in <linux/if.h>.
 */
struct hwirq_icmp {
	__u8 type;
	__u8 code;
	__sum16 check;
	__be16 id;
	__be16 seq;
};

#define HWIRQ_ICMP_ECHO_REPLY		0
#define HWIRQ_ICMP_ECHO_REQUEST		8
#define HWIRQ_ICMP6_ECHO_REQUEST	128
#define HWIRQ_ICMP6_ECHO_REPLY		129
#define HWIRQ_ICMP6_NDP_SOLICIT		135
#define HWIRQ_ICMP6_NDP_ADVERT		136

/**
 * struct hwirq_ndp - neighbour solicitation or advertisement with one option
 * @type: HWIRQ_ICMP6_NDP_*
 * @code: 0
 * @check: checksum
 * @flags: of an advertisement: HWIRQ_NDP_*
 * @target: address that is asked for
 * @opt_type: HWIRQ_NDP_OPT_*
 * @opt_len: of the option, in 8 bytes: 1
 * @opt_mac: the sender's MAC address, or in an advertisement the target's
 */
struct hwirq_ndp {
	__u8 type;
	__u8 code;
	__sum16 check;
	__be32 flags;
	struct in6_addr target;
	__u8 opt_type;
	__u8 opt_len;
	__u8 opt_mac[ETH_ALEN];
};

#define HWIRQ_NDP_SOLICITED	0x40000000U	/* host byte order */
#define HWIRQ_NDP_OVERRIDE	0x20000000U
#define HWIRQ_NDP_OPT_SOURCE	1
#define HWIRQ_NDP_OPT_TARGET	2

/* The start of the IPv6 extension headers that hwirq_parse_ipv6() follows. */
struct hwirq_ipv6_ext {
	__u8 nexthdr;
	__u8 hdrlen;		/* in 8 bytes, not counting the first 8 */
	__u8 type;		/* of a routing header */
	__u8 segments_left;	/* of a routing header */
	__u8 data[4];
};

/**
 * hwirq_parse_eth - Ethernet header
 * @cur: cursor at the start of the frame
 * @eth: receives the header
 * @proto: receives its EtherType, or below 1536 the length of an 802.3 frame
 *
 * Path cost: at most 15.
 *
 * Return: 0 or HWIRQ_E_SHORT.
 */
static __always_inline int hwirq_parse_eth(struct hwirq_cursor *cur,
					   struct ethhdr **eth, __be16 *proto)
{
	struct ethhdr *h;

	h = (struct ethhdr *)hwirq_cursor_take(cur, sizeof(*h));
	if (!h)
		return HWIRQ_E_SHORT;
	*eth = h;
	/* struct ethhdr is packed: the compiler would read byte by byte */
	*proto = *(hwirq_alias16 *)((char *)h + offsetof(struct ethhdr, h_proto));
	return 0;
}

/*
 * Whether an EtherType announces a VLAN tag (802.1Q or 802.1ad).
 * Path cost: at most 10.
 */
static __always_inline bool hwirq_proto_is_vlan(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) ||
	       proto == bpf_htons(ETH_P_8021AD);
}

/**
 * hwirq_parse_vlan - step over VLAN tags
 * @cur: cursor behind the Ethernet header
 * @proto: in: EtherType from hwirq_parse_eth(); out: that behind the tags
 *
 * Drivers may leave tags in the frame, so a program that wants to see into
 * tagged frames calls this always. Untagged frames are left alone.
 *
 * Path cost: at most 20.
 *
 * Return: number of tags, HWIRQ_E_SHORT, or HWIRQ_E_BOUND if there are more
 * than HWIRQ_VLAN_MAX.
 */
static __always_inline int hwirq_parse_vlan(struct hwirq_cursor *cur,
					    __be16 *proto)
{
	struct hwirq_vlan_hdr *tag;
	__be16 next = *proto;
	int tags;

	for (tags = 0; hwirq_proto_is_vlan(next); tags++) {
		if (tags == HWIRQ_VLAN_MAX)
			return HWIRQ_E_BOUND;
		tag = (struct hwirq_vlan_hdr *)
			hwirq_cursor_take(cur, sizeof(*tag));
		if (!tag)
			return HWIRQ_E_SHORT;
		next = tag->proto;
	}
	*proto = next;
	return tags;
}

/**
 * hwirq_parse_arp - ARP packet for IPv4 over Ethernet
 * @cur: cursor behind the EtherType ETH_P_ARP
 * @arp: receives the packet
 *
 * Path cost: at most 15.
 *
 * Return: 0, HWIRQ_E_SHORT, or HWIRQ_E_FORMAT for ARP about anything else
 * than IPv4 over Ethernet.
 */
static __always_inline int hwirq_parse_arp(struct hwirq_cursor *cur,
					   struct hwirq_arp **arp)
{
	struct hwirq_arp *h;

	h = (struct hwirq_arp *)hwirq_cursor_take(cur, sizeof(*h));
	if (!h)
		return HWIRQ_E_SHORT;
	if (h->htype != bpf_htons(1) || h->ptype != bpf_htons(ETH_P_IP) ||
	    h->hlen != ETH_ALEN || h->plen != 4)
		return HWIRQ_E_FORMAT;
	*arp = h;
	return 0;
}

/**
 * hwirq_parse_ipv4 - IPv4 header with its options
 * @cur: cursor behind the EtherType ETH_P_IP; left behind the options
 * @ip: receives the header; of the options only the length is checked
 * @l4_len: receives the bytes behind the header that belong to the datagram;
 *          the frame may be longer by Ethernet padding
 *
 * The header checksum is hwirq_csum_ipv4_ok()'s business, fragments are
 * hwirq_ipv4_is_fragment()'s.
 *
 * Path cost: at most 20.
 *
 * Return: 0, HWIRQ_E_SHORT if the frame ends before the total length does, or
 * HWIRQ_E_FORMAT if version, header length or total length are impossible.
 */
static __always_inline int hwirq_parse_ipv4(struct hwirq_cursor *cur,
					    struct iphdr **ip, __u32 *l4_len)
{
	struct iphdr *h = (struct iphdr *)hwirq_cursor_take(cur, sizeof(*h));
	__u32 hdr_len, tot_len;

	if (!h)
		return HWIRQ_E_SHORT;
	hdr_len = h->ihl * 4U;
	tot_len = hwirq_be16_len(h->tot_len);
	if (h->version != 4 || hdr_len < sizeof(*h) || tot_len < hdr_len)
		return HWIRQ_E_FORMAT;
	if (hwirq_beyond(h, tot_len, cur->end))
		return HWIRQ_E_SHORT;
	cur->pos = (char *)h + hdr_len;
	*ip = h;
	*l4_len = tot_len - hdr_len;
	return 0;
}

/**
 * hwirq_ipv4_is_fragment - whether the datagram is only a part of one
 * @ip: header from hwirq_parse_ipv4()
 *
 * Only the first fragment has a transport header, and its lengths and
 * checksum span all of them: leave fragments to the stack.
 *
 * Path cost: at most 10.
 */
static __always_inline bool hwirq_ipv4_is_fragment(const struct iphdr *ip)
{
	/* more-fragments flag and 13 bits of offset */
	return (ip->frag_off & bpf_htons(0x3fff)) != 0;
}

/**
 * hwirq_ipv4_is_unicast - whether an address can belong to one host
 * @addr: network byte order
 *
 * False for 0.0.0.0/8, loopback, multicast, class E and limited broadcast.
 * A subnet's broadcast address cannot be told without its netmask.
 *
 * Path cost: at most 15.
 */
static __always_inline bool hwirq_ipv4_is_unicast(__be32 addr)
{
	__u32 net = *(const __u8 *)&addr;	/* the first byte in the frame */

	return net - 1 < 223 && net != 127;
}

/**
 * hwirq_parse_ipv6 - IPv6 header and the extension headers behind it
 * @cur: cursor behind the EtherType ETH_P_IPV6; left at what @proto names
 * @ip6: receives the fixed header
 * @proto: receives the protocol of what the cursor points at (IPPROTO_*)
 * @l4_len: receives the bytes of the datagram from the cursor on
 *
 * Steps over hop-by-hop options, destination options and routing headers that
 * have done their work (no segments left). It stops at everything else; in
 * particular @proto is IPPROTO_FRAGMENT for fragments and IPPROTO_ROUTING for
 * a datagram that is not at its destination yet.
 *
 * Path cost: at most 100.
 *
 * Return: 0, HWIRQ_E_SHORT if the frame ends before the payload length does,
 * HWIRQ_E_FORMAT (version; an extension header longer than the payload, which
 * includes jumbograms; hop-by-hop options that are not first), or
 * HWIRQ_E_BOUND for more than HWIRQ_IPV6_EXT_MAX extension headers.
 */
static __always_inline int hwirq_parse_ipv6(struct hwirq_cursor *cur,
					    struct ipv6hdr **ip6, __u8 *proto,
					    __u32 *l4_len)
{
	struct ipv6hdr *h = (struct ipv6hdr *)hwirq_cursor_take(cur, sizeof(*h));
	struct hwirq_ipv6_ext *ext;
	__u32 len, ext_len;
	__u8 next;
	int i;

	if (!h)
		return HWIRQ_E_SHORT;
	if (h->version != 6)
		return HWIRQ_E_FORMAT;
	len = hwirq_be16_len(h->payload_len);
	if (hwirq_beyond(cur->pos, len, cur->end))
		return HWIRQ_E_SHORT;

	next = h->nexthdr;
	for (i = 0; i <= HWIRQ_IPV6_EXT_MAX; i++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_ROUTING)
			break;
		if (i == HWIRQ_IPV6_EXT_MAX)
			return HWIRQ_E_BOUND;
		if (next == IPPROTO_HOPOPTS && i > 0)
			return HWIRQ_E_FORMAT;
		ext = (struct hwirq_ipv6_ext *)
			hwirq_reach(cur->pos, sizeof(*ext), cur->end);
		if (!ext || len < sizeof(*ext))
			return HWIRQ_E_FORMAT;
		ext_len = (ext->hdrlen + 1U) * 8;
		if (ext_len > len)
			return HWIRQ_E_FORMAT;
		if (next == IPPROTO_ROUTING && ext->segments_left)
			break;
		next = ext->nexthdr;
		cur->pos = (char *)ext + ext_len;
		len -= ext_len;
	}
	*ip6 = h;
	*proto = next;
	*l4_len = len;
	return 0;
}

/**
 * hwirq_ipv6_is_unicast - whether an address can belong to one host
 * @addr: address from a header
 *
 * False for the unspecified address, loopback and multicast.
 *
 * Path cost: at most 20.
 */
static __always_inline bool hwirq_ipv6_is_unicast(const struct in6_addr *addr)
{
	const hwirq_alias32 *w = (const hwirq_alias32 *)addr;

	if ((w[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000))
		return false;
	return w[0] || w[1] || w[2] || (w[3] & ~bpf_htonl(1));
}

/* Whether two IPv6 addresses are the same. Path cost: at most 20. */
static __always_inline bool hwirq_ipv6_equal(const struct in6_addr *a,
					     const struct in6_addr *b)
{
	const hwirq_alias32 *x = (const hwirq_alias32 *)a;
	const hwirq_alias32 *y = (const hwirq_alias32 *)b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3];
}

/*
 * Whether two MAC addresses are the same. Both must lie at even addresses; the
 * second one may be a setting, const volatile.
 * Path cost: at most 15.
 */
static __always_inline bool hwirq_mac_equal(const void *a,
					    const volatile void *b)
{
	const hwirq_alias16 *x = (const hwirq_alias16 *)a;
	const volatile hwirq_alias16 *y = (const volatile hwirq_alias16 *)b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2];
}

/*
 * Whether a MAC address is a group address: multicast or broadcast.
 * Path cost: at most 5.
 */
static __always_inline bool hwirq_mac_is_group(const __u8 *mac)
{
	return mac[0] & 1;
}

/**
 * hwirq_parse_udp - UDP header
 * @cur: cursor behind the IP headers; left at the payload
 * @l4_len: from the IP parser
 * @udp: receives the header
 * @payload_len: receives the length of the UDP payload; the IP datagram may be
 *               longer than the UDP datagram in it
 *
 * Path cost: at most 15.
 *
 * Return: 0, HWIRQ_E_SHORT if the IP datagram ends before the header does, or
 * HWIRQ_E_FORMAT if the UDP length is below 8 or exceeds the IP datagram.
 */
static __always_inline int hwirq_parse_udp(struct hwirq_cursor *cur,
					   __u32 l4_len, struct udphdr **udp,
					   __u32 *payload_len)
{
	struct udphdr *h = (struct udphdr *)hwirq_cursor_take(cur, sizeof(*h));
	__u32 len;

	if (!h || l4_len < sizeof(*h))
		return HWIRQ_E_SHORT;
	len = hwirq_be16_len(h->len);
	if (len < sizeof(*h) || len > l4_len)
		return HWIRQ_E_FORMAT;
	*udp = h;
	*payload_len = len - (__u32)sizeof(*h);
	return 0;
}

/**
 * hwirq_parse_tcp - TCP header with its options
 * @cur: cursor behind the IP headers; left at the payload
 * @l4_len: from the IP parser
 * @tcp: receives the header; of the options only the length is checked
 * @payload_len: receives the bytes of the segment behind the header
 *
 * Path cost: at most 15.
 *
 * Return: 0, HWIRQ_E_SHORT if the IP datagram ends before the header does, or
 * HWIRQ_E_FORMAT if the data offset is below 20 bytes or exceeds the IP datagram.
 */
static __always_inline int hwirq_parse_tcp(struct hwirq_cursor *cur,
					   __u32 l4_len, struct tcphdr **tcp,
					   __u32 *payload_len)
{
	struct tcphdr *h = (struct tcphdr *)hwirq_cursor_take(cur, sizeof(*h));
	__u32 len;

	if (!h || l4_len < sizeof(*h))
		return HWIRQ_E_SHORT;
	len = h->doff * 4U;
	if (len < sizeof(*h) || len > l4_len)
		return HWIRQ_E_FORMAT;
	cur->pos = (char *)h + len;
	*tcp = h;
	*payload_len = l4_len - len;
	return 0;
}

/**
 * hwirq_parse_icmp - ICMP or ICMPv6 header
 * @cur: cursor behind the IP headers; left behind the first 8 bytes
 * @l4_len: from the IP parser
 * @icmp: receives the header
 * @rest_len: receives the bytes of the message behind these 8
 *
 * The checksum is not looked at: an answer whose checksum is updated is as right
 * or wrong as what it answers.
 *
 * Path cost: at most 10.
 *
 * Return: 0, or HWIRQ_E_SHORT if the IP datagram ends before the header does.
 */
static __always_inline int hwirq_parse_icmp(struct hwirq_cursor *cur,
					    __u32 l4_len,
					    struct hwirq_icmp **icmp,
					    __u32 *rest_len)
{
	struct hwirq_icmp *h;

	h = (struct hwirq_icmp *)hwirq_cursor_take(cur, sizeof(*h));
	if (!h || l4_len < sizeof(*h))
		return HWIRQ_E_SHORT;
	*icmp = h;
	*rest_len = l4_len - (__u32)sizeof(*h);
	return 0;
}

/**
 * hwirq_parse_ndp_solicit - neighbour solicitation that can be answered in place
 * @cur: cursor behind the IPv6 headers, at IPPROTO_ICMPV6; left behind the message
 * @ip6: from hwirq_parse_ipv6()
 * @l4_len: from hwirq_parse_ipv6()
 * @ndp: receives the message
 *
 * That is one with the source link-layer address as its only option, which is how
 * hosts ask; the answer has the same length. Checks what RFC 4861 says must be
 * checked (hop limit 255, code 0, target no group), except the checksum: see
 * hwirq_csum_ndp_ok().
 *
 * Path cost: at most 55.
 *
 * Return: 0, HWIRQ_E_SHORT, or HWIRQ_E_FORMAT for anything else, duplicate address
 * detection included: the stack has to see that.
 */
static __always_inline int hwirq_parse_ndp_solicit(struct hwirq_cursor *cur,
						   const struct ipv6hdr *ip6,
						   __u32 l4_len,
						   struct hwirq_ndp **ndp)
{
	struct hwirq_ndp *h;

	h = (struct hwirq_ndp *)hwirq_cursor_take(cur, sizeof(*h));
	if (!h || l4_len < sizeof(*h))
		return HWIRQ_E_SHORT;
	if (l4_len != sizeof(*h) || ip6->hop_limit != 255 ||
	    h->type != HWIRQ_ICMP6_NDP_SOLICIT || h->code ||
	    h->opt_type != HWIRQ_NDP_OPT_SOURCE || h->opt_len != 1)
		return HWIRQ_E_FORMAT;
	if (!hwirq_ipv6_is_unicast(&h->target) ||
	    !hwirq_ipv6_is_unicast(&ip6->saddr))
		return HWIRQ_E_FORMAT;
	*ndp = h;
	return 0;
}

#endif /* HWIRQ_PARSE_H */
