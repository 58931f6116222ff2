// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* rate-limit.bpf.c - answer datagrams while there are tokens, drop them else */
#include <hwirq_helpers.h>

const volatile __u16 port = 7;
const volatile __u32 token_bytes = 8;	/* ring size / burst - 16, a multiple of 8 */

/* An empty place is a token. User space empties places, at the rate it allows. */
HWIRQ_RING(tokens, 4096);

static __always_inline bool take_token(void)
{
	void *token = hwirq_ring_reserve(&tokens, token_bytes);

	if (!token)
		return false;
	hwirq_ring_submit(token, BPF_RB_NO_WAKEUP);
	return true;
}

SEC("hwirq")
int rate_limit(struct hwirq_md *ctx)
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
	if (hwirq_ipv4_is_fragment(ip) || !hwirq_csum_ipv4_ok(ip, cur.end))
		return HWIRQ_PASS;
	if (hwirq_parse_udp(&cur, len, &udp, &payload) || udp->dest != bpf_htons(port))
		return HWIRQ_PASS;
	if (hwirq_mac_is_group(eth->h_dest) || !hwirq_ipv4_is_unicast(ip->daddr) ||
	    !hwirq_ipv4_is_unicast(ip->saddr) || !udp->source || udp->source == udp->dest)
		return HWIRQ_PASS;
	if (!take_token())
		return HWIRQ_DROP;
	hwirq_swap_udp(udp);
	hwirq_reply_ipv4(eth, ip, 64);
	return HWIRQ_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
