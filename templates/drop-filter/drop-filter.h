/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* drop-filter.h - a rule, as loader and program see it */
#ifndef DROP_FILTER_H
#define DROP_FILTER_H

#include <linux/types.h>

/* Each rule adds to the longest path: see --path-cost. */
#define FILTER_RULES_MAX	32

/* What a packet without ports has in their place. */
#define FILTER_NO_PORT		0x10000U

/*
 * A packet matches if all of it does. Masks of zero and the full range of ports,
 * FILTER_NO_PORT included, match everything, so there are no optional parts.
 */
struct filter_rule {
	__u64 saddr[2];		/* as in the packet; IPv4 in the first 4 bytes */
	__u64 smask[2];
	__u64 daddr[2];
	__u64 dmask[2];
	__u32 family;		/* 4 or 6 */
	__u32 family_mask;
	__u32 proto;
	__u32 proto_mask;
	__u32 sport_min;	/* host byte order */
	__u32 sport_max;
	__u32 dport_min;
	__u32 dport_max;
};

#endif /* DROP_FILTER_H */
