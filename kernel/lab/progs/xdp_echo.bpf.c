// SPDX-License-Identifier: GPL-2.0-only
/* The echo template as an XDP program */
#include "echo.h"

_Static_assert(offsetof(struct xdp_md, data) == offsetof(struct hwirq_md, data) &&
	       offsetof(struct xdp_md, data_end) == offsetof(struct hwirq_md, data_end),
	       "the contexts begin alike");
_Static_assert((int)HWIRQ_DROP == XDP_DROP && (int)HWIRQ_PASS == XDP_PASS &&
	       (int)HWIRQ_TX == XDP_TX, "the verdicts have the same numbers");

SEC("xdp")
int xdp_echo(struct xdp_md *ctx)
{
	return echo((struct hwirq_md *)ctx);
}
