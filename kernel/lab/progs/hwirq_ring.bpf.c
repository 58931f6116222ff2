// SPDX-License-Identifier: GPL-2.0-only
/* The echo template, with a record of each frame in a ring */
#include "echo.h"
#include "record.h"

HWIRQ_RING(records, 1 << 20);

SEC("hwirq")
int hwirq_ring(struct hwirq_md *ctx)
{
	int verdict = echo(ctx);
	const __u8 *data = (const __u8 *)(long)ctx->data;
	struct lab_record *rec;

	if (verdict != HWIRQ_TX || data + LAB_FRAME_MIN > (const __u8 *)(long)ctx->data_end)
		return verdict;
	rec = (struct lab_record *)hwirq_ring_reserve(&records, sizeof(*rec));
	if (!rec)
		return verdict;
	rec->timestamp = ctx->timestamp;
	rec->peer = *(const hwirq_alias32 *)(data + LAB_PEER_AT);
	rec->seq = bpf_ntohl(*(const hwirq_alias32 *)(data + LAB_PAYLOAD_AT));
	rec->payload[0] = *(const hwirq_alias32 *)(data + LAB_PAYLOAD_AT + 4);
	rec->payload[1] = *(const hwirq_alias32 *)(data + LAB_PAYLOAD_AT + 8);
	hwirq_ring_submit(rec, 0);
	return verdict;
}
