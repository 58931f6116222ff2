// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that would attach to a hwirq program. */
#include "expect.h"

HWIRQ_RULE(extensions,
	   "A hwirq program can be neither traced nor replaced by another program.",
	   "Tracing and replacing add code without a bound to a path that was already proven to be short.",
	   "The counters of the link say what it does, BPF_PROG_TEST_RUN runs it, and the link replaces it as a whole.")

#define REFUSED_TARGET "hwirq program 'the_target' cannot be traced or replaced: it would run code without a bound; use the counters of its link or BPF_PROG_TEST_RUN"

HWIRQ_INGREDIENT
SEC("hwirq") int the_target(struct hwirq_md *ctx)
{
	return HWIRQ_PASS;
}

HWIRQ_INGREDIENT
SEC("xdp") int the_xdp_target(struct xdp_md *ctx)
{
	return XDP_PASS;
}

#define REFUSED_ATTACH(name, section)						\
	HWIRQ_REFUSED(extensions, EINVAL, REFUSED_TARGET)			\
	HWIRQ_LOAD("target=the_target")						\
	SEC(section) int name##_to_hwirq(void *ctx)				\
	{									\
		return 0;							\
	}
#define ACCEPTED_ATTACH(name, section)						\
	HWIRQ_ACCEPTED_UNCOUNTED(extensions)					\
	HWIRQ_LOAD("target=the_xdp_target")					\
	SEC(section) int name##_to_xdp(void *ctx)				\
	{									\
		return 0;							\
	}
REFUSED_ATTACH(fentry, "fentry")
ACCEPTED_ATTACH(fentry, "fentry")
REFUSED_ATTACH(fexit, "fexit")
ACCEPTED_ATTACH(fexit, "fexit")
REFUSED_ATTACH(fmod_ret, "fmod_ret")
REFUSED_ATTACH(fentry_sleepable, "fentry.s")
REFUSED_ATTACH(fexit_sleepable, "fexit.s")

HWIRQ_REFUSED(extensions, EINVAL, REFUSED_TARGET)
HWIRQ_LOAD("target=the_target")
SEC("freplace") int replace_hwirq(struct hwirq_md *ctx)
{
	return HWIRQ_PASS;
}

HWIRQ_ACCEPTED_UNCOUNTED(extensions)
HWIRQ_LOAD("target=the_xdp_target")
SEC("freplace") int replace_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}
