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

#include "base.h"

/*
 * Longest UDP datagram, header included, that the full UDP checksum covers.
 * The loop costs up to 8 units per 4 bytes of the verifier's path limit (4096
 * by default); define another multiple of 4 before including this header.
 */
#ifndef HWIRQ_CSUM_MAX
#define HWIRQ_CSUM_MAX	512
#endif

/**
 * hwirq_csum_fold - reduce a sum of 16- or 32-bit words to 16 bits
 * @sum: sum of words in frame order
 *
 * Return: the folded sum, not yet complemented.
 */
static __always_inline __u16 hwirq_csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

/**
 * hwirq_csum_replace16 - account for a changed 16-bit word
 * @csum: checksum field that covers the word
 * @from: old value, as in the frame
 * @to: new value, as in the frame
 *
 * For IPv4 header checksums; for UDP see hwirq_csum_udp_replace16().
 */
static __always_inline void hwirq_csum_replace16(__sum16 *csum, __be16 from,
						 __be16 to)
{
	__u64 sum = (__u16)~(__u16)*csum;

	sum += (__u16)~(__u16)from;
	sum += (__u16)to;
	*csum = (__sum16)~hwirq_csum_fold(sum);
}

/**
 * hwirq_csum_replace32 - account for a changed 32-bit word
 * @csum: checksum field that covers the word
 * @from: old value, as in the frame
 * @to: new value, as in the frame
 *
 * The word must start at an even offset from where the checksum starts.
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

/**
 * hwirq_csum_ipv4 - checksum an IPv4 header with its options
 * @ip: header
 * @end: end of the frame
 * @csum: receives what belongs into ip->check, whatever is there now
 *
 * Return: 0, HWIRQ_E_SHORT if the frame ends before the options do, or
 * HWIRQ_E_FORMAT if the header length is below 20.
 */
static __always_inline int hwirq_csum_ipv4(const struct iphdr *ip,
					   const void *end, __sum16 *csum)
{
	const hwirq_alias32 *w = (const hwirq_alias32 *)ip;
	__u32 words, i;
	__u64 sum;

	if (hwirq_beyond(ip, sizeof(*ip), end))
		return HWIRQ_E_SHORT;
	words = ip->ihl;
	if (words < 5)
		return HWIRQ_E_FORMAT;
	sum = (__u64)w[0] + w[1] + w[2] + w[3] + w[4];
	sum += (__u16)~(__u16)ip->check;
	for (i = 5; i < 15; i++) {
		if (i >= words)
			break;
		if (hwirq_beyond(w + i, 4, end))
			return HWIRQ_E_SHORT;
		sum += w[i];
	}
	*csum = (__sum16)~hwirq_csum_fold(sum);
	return 0;
}

/**
 * hwirq_csum_ipv4_ok - verify an IPv4 header's checksum
 * @ip: header
 * @end: end of the frame
 *
 * A host must drop a datagram whose header does not pass, and the stack does:
 * return HWIRQ_PASS for it and it is counted where administrators look.
 */
static __always_inline bool hwirq_csum_ipv4_ok(const struct iphdr *ip,
					       const void *end)
{
	__sum16 csum;

	if (hwirq_csum_ipv4(ip, end, &csum))
		return false;
	/* 0 and 0xffff are the same number; senders use either. */
	return csum == ip->check || (!csum && ip->check == (__sum16)0xffff);
}

/* The sum of a UDP datagram; the caller adds the pseudo-header. */
static __always_inline int hwirq_csum_udp_sum(const struct udphdr *udp,
					      const void *end, __u64 *sum)
{
	const hwirq_alias32 *w = (const hwirq_alias32 *)udp;
	const __u8 *tail;
	__u32 len, i;
	__u64 s = 0;

	if (hwirq_beyond(udp, sizeof(*udp), end))
		return HWIRQ_E_SHORT;
	len = hwirq_be16_len(udp->len);
	if (len < sizeof(*udp))
		return HWIRQ_E_FORMAT;
	if (len > HWIRQ_CSUM_MAX)
		return HWIRQ_E_BOUND;
	s += (__u16)~(__u16)udp->check;
	for (i = 0; i < HWIRQ_CSUM_MAX / 4; i++) {
		if (len < 4)
			break;
		if (hwirq_beyond(w, 4, end))
			return HWIRQ_E_SHORT;
		s += *w++;
		len -= 4;
	}
	tail = (const __u8 *)w;
	if (len & 2) {
		if (hwirq_beyond(tail, 2, end))
			return HWIRQ_E_SHORT;
		s += *(const hwirq_alias16 *)tail;
		tail += 2;
	}
	if (len & 1) {
		if (hwirq_beyond(tail, 1, end))
			return HWIRQ_E_SHORT;
		s += bpf_htons((__u16)(*tail << 8));
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

#endif /* HWIRQ_CSUM_H */
