// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Refused: prints how long each frame took. */
#include <hwirq_helpers.h>

SEC("hwirq")
int measure(struct hwirq_md *ctx)
{
	__u64 start = bpf_ktime_get_ns();

	/* ... the work ... */
	bpf_printk("%llu ns", bpf_ktime_get_ns() - start);
	(void)ctx;
	return HWIRQ_PASS;
}

char LICENSE[] SEC("license") = "GPL";
