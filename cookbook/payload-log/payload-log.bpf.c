// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* payload-log.bpf.c - record the datagrams to a port, and let them pass */
#include <hwirq_helpers.h>

#include "payload-log.h"

const volatile __u16 port = 5000;

HWIRQ_RING(records, 1 << 20);

SEC("hwirq")
int payload_log(struct hwirq_md *ctx)
{
	struct hwirq_cursor cur = hwirq_cursor_init(ctx);
	struct log_record *rec;
	struct ethhdr *eth;
	struct udphdr *udp;
	struct iphdr *ip;
	__u32 len, payload;
	__be16 proto;

	if (hwirq_parse_eth(&cur, &eth, &proto) || proto != bpf_htons(ETH_P_IP))
		return HWIRQ_PASS;
	if (hwirq_parse_ipv4(&cur, &ip, &len) || ip->protocol != IPPROTO_UDP ||
	    hwirq_ipv4_is_fragment(ip))
		return HWIRQ_PASS;
	if (hwirq_parse_udp(&cur, len, &udp, &payload) || udp->dest != bpf_htons(port))
		return HWIRQ_PASS;

	rec = hwirq_ring_reserve(&records, sizeof(*rec));
	if (!rec)
		return HWIRQ_PASS;	/* the record is lost and counted, not the frame */
	rec->timestamp = ctx->timestamp;
	rec->length = hwirq_frame_len(ctx);
	len = rec->length;
	/* What the compiler knows about the length, the verifier has to see. */
	barrier_var(len);
	if (len > LOG_BYTES)
		len = LOG_BYTES;
	rec->captured = len;
	if (!len || hwirq_load_bytes(ctx, 0, rec->data, len)) {
		hwirq_ring_discard(rec);
		return HWIRQ_PASS;
	}
	hwirq_ring_submit(rec, 0);
	return HWIRQ_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
