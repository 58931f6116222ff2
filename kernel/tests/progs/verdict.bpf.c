// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Each verdict, chosen by the UDP destination port; see e2e.c. */
#include <hwirq_helpers.h>
#include "packet.h"

SEC("hwirq")
int verdict(struct hwirq_md *ctx)
{
	switch (udp_port(TO_PTR(ctx->data), TO_PTR(ctx->data_end))) {
	case 1000:
		return HWIRQ_ABORTED;
	case 1001:
		return HWIRQ_DROP;
	case 1003:
		return HWIRQ_TX;
	}
	return HWIRQ_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
