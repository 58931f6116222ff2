// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Refused: counts in a map of its own CPU, which nobody else writes to. */
#include <hwirq_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} answers SEC(".maps");

SEC("hwirq")
int rate_limit(struct hwirq_md *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&answers, &zero);

	(void)ctx;
	return n && ++*n < 1000 ? HWIRQ_TX : HWIRQ_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
