// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Refused: a timestamp in a global variable that the application writes to. */
#include <hwirq_helpers.h>

volatile __u64 expires;

SEC("hwirq")
int lease(struct hwirq_md *ctx)
{
	(void)ctx;
	return bpf_ktime_get_boot_ns() < expires ? HWIRQ_TX : HWIRQ_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
