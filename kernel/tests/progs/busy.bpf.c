// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Takes its time for what it sends back, so that few frames overload a CPU. */
#include <hwirq_helpers.h>
#include "packet.h"

#define ROUNDS 600	/* a path cost of some 25,000 */

SEC("hwirq")
int busy(struct hwirq_md *ctx)
{
	__u64 first = 0;
	int i;

	if (udp_port(TO_PTR(ctx->data), TO_PTR(ctx->data_end)) != 1003)
		return HWIRQ_PASS;
	for (i = 0; i < ROUNDS; i++)
		first += bpf_ktime_get_ns();
	/* used, or clang drops the loop */
	return first ? HWIRQ_TX : HWIRQ_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
