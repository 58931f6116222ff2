// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Refused: a record that is as long as the payload. */
#include <hwirq_helpers.h>

HWIRQ_RING(records, 1 << 20);

SEC("hwirq")
int payload_log(struct hwirq_md *ctx)
{
	__u32 len = hwirq_frame_len(ctx);
	void *rec;

	if (!len || len > 1514)
		return HWIRQ_PASS;
	rec = hwirq_ring_reserve(&records, len);
	if (!rec)
		return HWIRQ_PASS;
	hwirq_load_bytes(ctx, 0, rec, len);
	hwirq_ring_submit(rec, 0);
	return HWIRQ_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
