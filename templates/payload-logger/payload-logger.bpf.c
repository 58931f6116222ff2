// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * payload-logger.bpf.c - record UDP datagrams from the hard interrupt handler
 *
 * The first bytes of each matching frame go into a ring, with what the program
 * has found out about it. Then the frame passes, or goes back to its sender. If the
 * ring is full the record is lost, never the frame.
 */
#include <hwirq_helpers.h>

#include "payload-logger.h"

/* Set by the loader before load, constant for the verifier. */
const volatile __u16 udp_port;		/* host byte order; 0: any */
const volatile __u16 payload_bytes = 64;	/* at most LOGGER_PAYLOAD_MAX */
const volatile bool echo;
const volatile __u8 own_mac[ETH_ALEN] __attribute__((aligned(2)));

/* One per RX queue; the loader sets the size. */
HWIRQ_RING(records, 1 << 20);

#define ECHO_TTL 64

/* A datagram that is to be recorded. */
struct datagram {
	struct ethhdr *eth;
	void *l3;		/* struct iphdr or struct ipv6hdr */
	struct udphdr *udp;
	void *payload;
	__u32 payload_len;
	__u8 family;		/* 4 or 6: the verifier knows which on each path */
};

static __always_inline bool parse_ip(struct hwirq_cursor *cur, __be16 proto,
				     struct datagram *d)
{
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	__u32 len;
	__u8 next;

	if (proto == bpf_htons(ETH_P_IP)) {
		if (hwirq_parse_ipv4(cur, &ip, &len))
			return false;
		if (hwirq_ipv4_is_fragment(ip))
			return false;
		next = ip->protocol;
		d->l3 = ip;
		d->family = 4;
	} else if (proto == bpf_htons(ETH_P_IPV6)) {
		if (hwirq_parse_ipv6(cur, &ip6, &next, &len))
			return false;
		d->l3 = ip6;
		d->family = 6;
	} else {
		return false;
	}
	if (next != IPPROTO_UDP)
		return false;
	if (hwirq_parse_udp(cur, len, &d->udp, &d->payload_len))
		return false;
	d->payload = cur->pos;
	return !udp_port || d->udp->dest == bpf_htons(udp_port);
}

/* As in the echo template: what must not be answered blindly, is not. */
static __always_inline bool may_echo(const struct datagram *d, const void *end)
{
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)d->l3;
	const struct iphdr *ip = (const struct iphdr *)d->l3;

	if (!hwirq_mac_equal(d->eth->h_dest, own_mac) ||
	    hwirq_mac_is_group(d->eth->h_source))
		return false;
	if (!d->udp->source || d->udp->source == d->udp->dest)
		return false;
	if (d->family == 4)
		return hwirq_ipv4_is_unicast(ip->saddr) &&
		       hwirq_ipv4_is_unicast(ip->daddr) &&
		       hwirq_csum_ipv4_ok(ip, end);
	return hwirq_ipv6_is_unicast(&ip6->saddr) &&
	       hwirq_ipv6_is_unicast(&ip6->daddr) && d->udp->check;
}

static __always_inline void answer(const struct datagram *d)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)d->l3;
	struct iphdr *ip = (struct iphdr *)d->l3;

	hwirq_swap_udp(d->udp);
	if (d->family == 4) {
		hwirq_swap_ipv4(ip);
		hwirq_ipv4_set_ttl(ip, ECHO_TTL);
	} else {
		hwirq_swap_ipv6(ip6);
		ip6->hop_limit = ECHO_TTL;
	}
	hwirq_swap_mac(d->eth);
}

static __always_inline void record(struct hwirq_md *ctx,
				   const struct datagram *d, __u8 verdict)
{
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)d->l3;
	const struct iphdr *ip = (const struct iphdr *)d->l3;
	__u32 frame_len = hwirq_frame_len(ctx);
	__u32 at = hwirq_offset((void *)(long)ctx->data, d->payload);
	__u64 room = LOGGER_HEADERS_MAX + (__u64)payload_bytes;
	__u64 len = at + (__u64)payload_bytes;
	struct logger_record *rec;

	/* A constant: the verifier knows payload_bytes. */
	rec = (struct logger_record *)
		hwirq_ring_reserve(&records, sizeof(*rec) + room);
	if (!rec)
		return;
	rec->timestamp = ctx->timestamp;
	rec->frame_len = frame_len;
	rec->payload_at = at;
	rec->payload_len = d->payload_len;
	rec->sport = bpf_ntohs(d->udp->source);
	rec->dport = bpf_ntohs(d->udp->dest);
	rec->verdict = verdict;
	rec->reserved = 0;
	__builtin_memset(rec->saddr, 0, sizeof(rec->saddr));
	__builtin_memset(rec->daddr, 0, sizeof(rec->daddr));
	rec->family = d->family;
	if (d->family == 4) {
		__builtin_memcpy(rec->saddr, &ip->saddr, 4);
		__builtin_memcpy(rec->daddr, &ip->daddr, 4);
	} else {
		__builtin_memcpy(rec->saddr, &ip6->saddr, 16);
		__builtin_memcpy(rec->daddr, &ip6->daddr, 16);
	}
	if (len > frame_len)
		len = frame_len;
	/* What the compiler knows already, the verifier has to see. */
	barrier_var(len);
	if (len > room)
		len = room;
	rec->captured = (__u32)len;
	if (!len || hwirq_load_bytes(ctx, 0, rec->frame, (__u32)len)) {
		hwirq_ring_discard(rec);
		return;
	}
	hwirq_ring_submit(rec, 0);
}

SEC("hwirq")
int payload_logger(struct hwirq_md *ctx)
{
	struct hwirq_cursor cur = hwirq_cursor_init(ctx);
	struct datagram d = { 0 };
	__u8 verdict = HWIRQ_PASS;
	__be16 proto;

	if (hwirq_parse_eth(&cur, &d.eth, &proto))
		return HWIRQ_PASS;
	if (hwirq_parse_vlan(&cur, &proto) < 0)
		return HWIRQ_PASS;
	if (!parse_ip(&cur, proto, &d))
		return HWIRQ_PASS;
	if (echo && may_echo(&d, cur.end))
		verdict = HWIRQ_TX;
	record(ctx, &d, verdict);
	if (verdict == HWIRQ_TX)
		answer(&d);
	return verdict;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
