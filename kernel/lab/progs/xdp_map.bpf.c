// SPDX-License-Identifier: GPL-2.0-only
/* The echo template as an XDP program that keeps a record of each frame in a map */
#include "echo.h"
#include "record.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LAB_RECORD_SLOTS);
	__type(key, __u32);
	__type(value, struct lab_record);
} records SEC(".maps");

SEC("xdp")
int xdp_map(struct xdp_md *ctx)
{
	int verdict = echo((struct hwirq_md *)ctx);
	const __u8 *data = (const __u8 *)(long)ctx->data;
	struct lab_record *rec;
	__u32 seq, slot;

	if (verdict != HWIRQ_TX || data + LAB_FRAME_MIN > (const __u8 *)(long)ctx->data_end)
		return verdict;
	seq = bpf_ntohl(*(const hwirq_alias32 *)(data + LAB_PAYLOAD_AT));
	slot = seq & (LAB_RECORD_SLOTS - 1);
	rec = bpf_map_lookup_elem(&records, &slot);
	if (!rec)
		return verdict;
	rec->timestamp = bpf_ktime_get_ns();
	rec->peer = *(const hwirq_alias32 *)(data + LAB_PEER_AT);
	rec->seq = seq;
	rec->payload[0] = *(const hwirq_alias32 *)(data + LAB_PAYLOAD_AT + 4);
	rec->payload[1] = *(const hwirq_alias32 *)(data + LAB_PAYLOAD_AT + 8);
	return verdict;
}
