/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq/csum.h - Internet checksums: incremental (RFC 1624) and in full
 *
 * One's complement sums do not care about byte order as long as every word has
 * the same one, so all words here are taken as they lie in the frame. For the
 * same reason exchanging two words (addresses, ports) changes no checksum.
 *
 * Context: any. Nothing here calls a BPF helper.
 */
#ifndef HWIRQ_CSUM_H
#define HWIRQ_CSUM_H

#include "parse.h"

/*
 * Longest UDP datagram, header included, that the full UDP checksum covers. It
 * costs up to 1.5 units of the verifier's path limit (4096 by default) for each
 * byte. Define another multiple of 32 before including this header; 1504 covers
 * what fits into an Ethernet frame.
 */
#ifndef HWIRQ_CSUM_MAX
#define HWIRQ_CSUM_MAX	512
#endif
#if HWIRQ_CSUM_MAX % 32
#error "HWIRQ_CSUM_MAX must be a multiple of 32"
#endif

/**
 * hwirq_csum_fold - reduce a sum of 16- or 32-bit words to 16 bits
 * @sum: sum of words in frame order
 *
 * Path cost: at most 25.
 *
 * Return: the folded sum, not yet complemented.
 */
static __always_inline __u16 hwirq_csum_fold(__u64 sum)
{
	sum = (__u32)sum + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

/* As hwirq_csum_fold(), for sums below 2^32. Path cost: at most 10. */
static __always_inline __u16 hwirq_csum_fold32(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

/**
 * hwirq_csum_replace8 - account for a changed byte
 * @csum: checksum field that covers the byte
 * @from: old value
 * @to: new value
 *
 * The byte must lie at an even offset from where the checksum starts, and the sum
 * of all words that it covers must not be zero: that of no IP header is.
 *
 * Path cost: at most 20.
 */
static __always_inline void hwirq_csum_replace8(__sum16 *csum, __u8 from,
						__u8 to)
{
	/* the first byte of a word counts for that much */
	const __u32 unit = bpf_htons(0x0100);

	/* ~*csum + ~from + to, with a multiple of 0xffff to stay above zero */
	*csum = (__sum16)~hwirq_csum_fold32(2 * 0xffffU + to * unit -
					    from * unit - (__u16)*csum);
}

/**
 * hwirq_csum_replace16 - account for a changed 16-bit word
 * @csum: checksum field that covers the word
 * @from: old value, as in the frame
 * @to: new value, as in the frame
 *
 * For IPv4 header checksums; for UDP see hwirq_csum_udp_replace16().
 *
 * Path cost: at most 20.
 */
static __always_inline void hwirq_csum_replace16(__sum16 *csum, __be16 from,
						 __be16 to)
{
	__u32 sum = (__u16)~(__u16)*csum;

	sum += (__u16)~(__u16)from;
	sum += (__u16)to;
	*csum = (__sum16)~hwirq_csum_fold32(sum);
}

/**
 * hwirq_csum_replace32 - account for a changed 32-bit word
 * @csum: checksum field that covers the word
 * @from: old value, as in the frame
 * @to: new value, as in the frame
 *
 * The word must start at an even offset from where the checksum starts.
 *
 * Path cost: at most 35.
 */
static __always_inline void hwirq_csum_replace32(__sum16 *csum, __be32 from,
						 __be32 to)
{
	__u64 sum = (__u16)~(__u16)*csum;

	sum += (__u32)~(__u32)from;
	sum += (__u32)to;
	*csum = (__sum16)~hwirq_csum_fold(sum);
}

/**
 * hwirq_csum_udp_replace16 - account for a changed word that UDP covers
 * @csum: UDP checksum field
 * @from: old value, as in the frame
 * @to: new value, as in the frame
 *
 * Zero means "no checksum" and stays; a result of zero is sent as 0xffff.
 *
 * Path cost: at most 25.
 */
static __always_inline void hwirq_csum_udp_replace16(__sum16 *csum, __be16 from,
						     __be16 to)
{
	if (!*csum)
		return;
	hwirq_csum_replace16(csum, from, to);
	if (!*csum)
		*csum = (__sum16)0xffff;
}

/**
 * hwirq_csum_udp_replace32 - as hwirq_csum_udp_replace16(), for 32 bits
 * @csum: UDP checksum field
 * @from: old value, as in the frame
 * @to: new value, as in the frame
 *
 * Path cost: at most 40.
 */
static __always_inline void hwirq_csum_udp_replace32(__sum16 *csum, __be32 from,
						     __be32 to)
{
	if (!*csum)
		return;
	hwirq_csum_replace32(csum, from, to);
	if (!*csum)
		*csum = (__sum16)0xffff;
}

/* The sum of an IPv4 header with its options and its checksum. */
static __always_inline int hwirq_csum_ipv4_sum(const struct iphdr *ip,
					       const void *end, __u64 *sum)
{
	const hwirq_alias32 *w = (const hwirq_alias32 *)ip, *word;
	__u32 words = ip->ihl, i;

	if (words < 5)
		return HWIRQ_E_FORMAT;
	*sum = (__u64)w[0] + w[1] + w[2] + w[3] + w[4];
	for (i = 5; i < 15; i++) {
		if (i >= words)
			break;
		word = (const hwirq_alias32 *)hwirq_reach(w + i, 4, end);
		if (!word)
			return HWIRQ_E_SHORT;
		*sum += *word;
	}
	return 0;
}

/**
 * hwirq_csum_ipv4 - checksum an IPv4 header with its options
 * @ip: header, the 20 bytes that each has are in the frame
 * @end: end of the frame
 * @csum: receives what belongs into ip->check, whatever is there now
 *
 * Path cost: at most 165.
 *
 * Return: 0, HWIRQ_E_SHORT if the frame ends before the options do, or
 * HWIRQ_E_FORMAT if the header length is below 20.
 */
static __always_inline int hwirq_csum_ipv4(const struct iphdr *ip,
					   const void *end, __sum16 *csum)
{
	__u64 sum;
	int err;

	err = hwirq_csum_ipv4_sum(ip, end, &sum);
	if (err)
		return err;
	sum += (__u16)~(__u16)ip->check;
	*csum = (__sum16)~hwirq_csum_fold(sum);
	return 0;
}

/**
 * hwirq_csum_ipv4_ok - verify an IPv4 header's checksum
 * @ip: header, from hwirq_parse_ipv4()
 * @end: end of the frame
 *
 * A host must drop a datagram whose header does not pass, and the stack does:
 * return HWIRQ_PASS for it and it is counted where administrators look.
 *
 * Path cost: at most 140.
 */
static __always_inline bool hwirq_csum_ipv4_ok(const struct iphdr *ip,
					       const void *end)
{
	__u64 sum;

	if (hwirq_csum_ipv4_sum(ip, end, &sum))
		return false;
	/* whichever of 0 and 0xffff senders use: they are the same number */
	return hwirq_csum_fold(sum) == 0xffff;
}

/* The sum of a UDP datagram; the caller adds the pseudo-header. */
static __always_inline int hwirq_csum_udp_sum(const struct udphdr *udp,
					      const void *end, __u64 *sum)
{
	const char *pos = (const char *)udp;
	const hwirq_alias32 *w;
	const hwirq_alias16 *h;
	const __u8 *c;
	__u32 len, i;
	__u64 s = 0;

	udp = (const struct udphdr *)hwirq_reach(udp, sizeof(*udp), end);
	if (!udp)
		return HWIRQ_E_SHORT;
	len = hwirq_be16_len(udp->len);
	if (len < sizeof(*udp))
		return HWIRQ_E_FORMAT;
	if (len > HWIRQ_CSUM_MAX)
		return HWIRQ_E_BOUND;
	s += (__u16)~(__u16)udp->check;
	/* in blocks, because the bounds check costs as much as four words */
	for (i = 0; i < HWIRQ_CSUM_MAX / 32; i++) {
		if (len < 32)
			break;
		w = (const hwirq_alias32 *)hwirq_reach(pos, 32, end);
		if (!w)
			return HWIRQ_E_SHORT;
		s += (__u64)w[0] + w[1] + w[2] + w[3];
		s += (__u64)w[4] + w[5] + w[6] + w[7];
		pos = (const char *)w + 32;
		len -= 32;
	}
	for (i = 0; i < 7; i++) {
		if (len < 4)
			break;
		w = (const hwirq_alias32 *)hwirq_reach(pos, 4, end);
		if (!w)
			return HWIRQ_E_SHORT;
		s += *w;
		pos = (const char *)w + 4;
		len -= 4;
	}
	if (len & 2) {
		h = (const hwirq_alias16 *)hwirq_reach(pos, 2, end);
		if (!h)
			return HWIRQ_E_SHORT;
		s += *h;
		pos = (const char *)h + 2;
	}
	if (len & 1) {
		c = (const __u8 *)hwirq_reach(pos, 1, end);
		if (!c)
			return HWIRQ_E_SHORT;
		s += bpf_htons((__u16)(*c << 8));
	}
	*sum += s;
	return 0;
}

static __always_inline __sum16 hwirq_csum_udp_finish(__u64 sum)
{
	__u16 csum = (__u16)~hwirq_csum_fold(sum);

	return (__sum16)(csum ? csum : 0xffff);
}

/**
 * hwirq_csum_udp4 - checksum a UDP datagram over IPv4
 * @ip: its IPv4 header, without fragments
 * @udp: its UDP header; udp->len counts
 * @end: end of the frame
 * @csum: receives what belongs into udp->check, never zero
 *
 * An echo does not need it: exchanging addresses and ports changes no sum.
 *
 * Path cost: at most 730.
 *
 * Return: 0, HWIRQ_E_SHORT, HWIRQ_E_FORMAT, or HWIRQ_E_BOUND if the datagram
 * is longer than HWIRQ_CSUM_MAX; over IPv4 the checksum may then be set to 0.
 */
static __always_inline int hwirq_csum_udp4(const struct iphdr *ip,
					   const struct udphdr *udp,
					   const void *end, __sum16 *csum)
{
	__u64 sum = 0;
	int err;

	err = hwirq_csum_udp_sum(udp, end, &sum);
	if (err)
		return err;
	sum += (__u64)ip->saddr + ip->daddr;
	sum += (__u64)bpf_htons(IPPROTO_UDP) + udp->len;
	*csum = hwirq_csum_udp_finish(sum);
	return 0;
}

/**
 * hwirq_csum_udp6 - checksum a UDP datagram over IPv6
 * @ip6: its IPv6 header; its destination must be the final one
 * @udp: its UDP header; udp->len counts
 * @end: end of the frame
 * @csum: receives what belongs into udp->check, never zero
 *
 * Path cost: at most 740.
 *
 * Return: as hwirq_csum_udp4(); over IPv6 a checksum of 0 is forbidden.
 */
static __always_inline int hwirq_csum_udp6(const struct ipv6hdr *ip6,
					   const struct udphdr *udp,
					   const void *end, __sum16 *csum)
{
	const hwirq_alias32 *w = (const hwirq_alias32 *)&ip6->saddr;
	__u64 sum = 0;
	int err;

	err = hwirq_csum_udp_sum(udp, end, &sum);
	if (err)
		return err;
	/* source and destination lie side by side */
	sum += (__u64)w[0] + w[1] + w[2] + w[3] + w[4] + w[5] + w[6] + w[7];
	sum += (__u64)bpf_htons(IPPROTO_UDP) + udp->len;
	*csum = hwirq_csum_udp_finish(sum);
	return 0;
}

/**
 * hwirq_csum_ndp - checksum a neighbour solicitation or advertisement
 * @ip6: its IPv6 header
 * @ndp: the message, all of which is in the frame: from hwirq_parse_ndp_solicit()
 *
 * Path cost: at most 55.
 *
 * Return: what belongs into ndp->check, whatever is there now.
 */
static __always_inline __sum16 hwirq_csum_ndp(const struct ipv6hdr *ip6,
					      const struct hwirq_ndp *ndp)
{
	const hwirq_alias32 *a = (const hwirq_alias32 *)&ip6->saddr;
	const hwirq_alias32 *w = (const hwirq_alias32 *)ndp;
	__u64 sum = (__u16)~(__u16)ndp->check;

	sum += (__u64)a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
	sum += (__u64)w[0] + w[1] + w[2] + w[3] + w[4] + w[5] + w[6] + w[7];
	sum += (__u64)bpf_htons(IPPROTO_ICMPV6) + bpf_htons(sizeof(*ndp));
	return (__sum16)~hwirq_csum_fold(sum);
}

/**
 * hwirq_csum_ndp_ok - verify the checksum of a neighbour solicitation
 * @ip6: its IPv6 header
 * @ndp: from hwirq_parse_ndp_solicit()
 *
 * A node must ignore one that does not pass.
 *
 * Path cost: at most 70.
 */
static __always_inline bool hwirq_csum_ndp_ok(const struct ipv6hdr *ip6,
					      const struct hwirq_ndp *ndp)
{
	__sum16 csum = hwirq_csum_ndp(ip6, ndp);

	/* 0 and 0xffff are the same number; senders use either. */
	return csum == ndp->check || (!csum && ndp->check == (__sum16)0xffff);
}

#endif /* HWIRQ_CSUM_H */
