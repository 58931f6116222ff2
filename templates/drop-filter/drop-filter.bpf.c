// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * drop-filter.bpf.c - drop packets by rules, in the hard interrupt handler
 *
 * The rules are constants of the program: the verifier knows them, and what no
 * rule asks for costs nothing. Other rules are another program; the loader puts it
 * in this one's place.
 */
#include <hwirq_helpers.h>

#include "drop-filter.h"

/* Set by the loader before load, constant for the verifier. */
const volatile __u32 nr_rules;
const volatile struct filter_rule rules[FILTER_RULES_MAX];

/* What rules ask for; addresses as in the packet, ports in host byte order. */
struct packet {
	__u64 saddr[2];
	__u64 daddr[2];
	__u32 family;
	__u32 proto;
	__u32 sport;
	__u32 dport;
};

#define PROTO_UNKNOWN	256	/* no protocol number */
#define FRAG_OFFSET	0x1fff

struct frag_hdr {
	__u8 nexthdr;
	__u8 reserved;
	__be16 frag_off;	/* in 8 bytes, times 8; the last bit: more follow */
	__be32 id;
};

struct ports {
	__be16 source;
	__be16 dest;
};

/* Where the cursor is, if that protocol has ports and the frame is long enough. */
static __always_inline void parse_ports(struct hwirq_cursor *cur,
					struct packet *pkt)
{
	struct ports *ports;

	if (pkt->proto != IPPROTO_TCP && pkt->proto != IPPROTO_UDP &&
	    pkt->proto != IPPROTO_SCTP && pkt->proto != IPPROTO_DCCP &&
	    pkt->proto != IPPROTO_UDPLITE)
		return;
	ports = (struct ports *)hwirq_cursor_take(cur, sizeof(*ports));
	if (!ports)
		return;
	pkt->sport = (__u16)bpf_ntohs(ports->source);
	pkt->dport = (__u16)bpf_ntohs(ports->dest);
}

static __always_inline bool parse_ip4(struct hwirq_cursor *cur,
				      struct packet *pkt)
{
	struct iphdr *ip;
	__u32 len;

	if (hwirq_parse_ipv4(cur, &ip, &len))
		return false;	/* the stack drops it */
	__builtin_memcpy(&pkt->saddr[0], &ip->saddr, 4);
	__builtin_memcpy(&pkt->daddr[0], &ip->daddr, 4);
	pkt->family = 4;
	pkt->proto = ip->protocol;
	/* Only the first fragment has ports. */
	if (!(ip->frag_off & bpf_htons(FRAG_OFFSET)) && len >= sizeof(struct ports))
		parse_ports(cur, pkt);
	return true;
}

static __always_inline bool parse_ip6(struct hwirq_cursor *cur,
				      struct packet *pkt)
{
	struct frag_hdr *frag;
	struct ipv6hdr *ip6;
	__u8 proto;
	__u32 len;

	/* Rules about addresses match whatever the headers behind them are. */
	ip6 = (struct ipv6hdr *)hwirq_reach(cur->pos, sizeof(*ip6), cur->end);
	if (!ip6 || ip6->version != 6)
		return false;
	__builtin_memcpy(pkt->saddr, &ip6->saddr, 16);
	__builtin_memcpy(pkt->daddr, &ip6->daddr, 16);
	pkt->family = 6;
	if (hwirq_parse_ipv6(cur, &ip6, &proto, &len))
		return true;
	if (proto == IPPROTO_FRAGMENT) {
		frag = (struct frag_hdr *)hwirq_cursor_take(cur, sizeof(*frag));
		if (!frag || len < sizeof(*frag))
			return true;
		pkt->proto = frag->nexthdr;
		if (frag->frag_off & bpf_htons(FRAG_OFFSET << 3))
			return true;
		len -= (__u32)sizeof(*frag);
	} else {
		pkt->proto = proto;
	}
	if (len >= sizeof(struct ports))
		parse_ports(cur, pkt);
	return true;
}

/*
 * Without a branch, so that the number of paths does not grow with that of rules.
 * A port outside its range makes one of the differences negative.
 */
static __always_inline bool matches(const volatile struct filter_rule *rule,
				    const struct packet *pkt)
{
	__u64 miss, range;

	miss = (pkt->saddr[0] ^ rule->saddr[0]) & rule->smask[0];
	miss |= (pkt->saddr[1] ^ rule->saddr[1]) & rule->smask[1];
	miss |= (pkt->daddr[0] ^ rule->daddr[0]) & rule->dmask[0];
	miss |= (pkt->daddr[1] ^ rule->daddr[1]) & rule->dmask[1];
	miss |= (pkt->family ^ rule->family) & rule->family_mask;
	miss |= (pkt->proto ^ rule->proto) & rule->proto_mask;
	range = (__u64)pkt->sport - rule->sport_min;
	range |= (__u64)rule->sport_max - pkt->sport;
	range |= (__u64)pkt->dport - rule->dport_min;
	range |= (__u64)rule->dport_max - pkt->dport;
	return !(miss | range >> 63);
}

SEC("hwirq")
int drop_filter(struct hwirq_md *ctx)
{
	struct packet pkt = {
		.proto = PROTO_UNKNOWN,
		.sport = FILTER_NO_PORT,
		.dport = FILTER_NO_PORT,
	};
	struct hwirq_cursor cur = hwirq_cursor_init(ctx);
	struct ethhdr *eth;
	__be16 proto;
	__u32 i;

	if (hwirq_parse_eth(&cur, &eth, &proto))
		return HWIRQ_PASS;
	if (hwirq_parse_vlan(&cur, &proto) < 0)
		return HWIRQ_PASS;
	if (proto == bpf_htons(ETH_P_IP)) {
		if (!parse_ip4(&cur, &pkt))
			return HWIRQ_PASS;
	} else if (proto == bpf_htons(ETH_P_IPV6)) {
		if (!parse_ip6(&cur, &pkt))
			return HWIRQ_PASS;
	} else {
		return HWIRQ_PASS;
	}
	for (i = 0; i < FILTER_RULES_MAX; i++) {
		if (i >= nr_rules)
			break;
		if (matches(&rules[i], &pkt))
			return HWIRQ_DROP;
	}
	return HWIRQ_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
