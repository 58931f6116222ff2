// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* .kconfig, a map like .rodata that libbpf fills. */
#include "expect.h"

extern int LINUX_KERNEL_VERSION __kconfig;

HWIRQ_ACCEPTED_UPTO(global_variables, 16)
SEC("hwirq") int read_kconfig(struct hwirq_md *ctx)
{
	return LINUX_KERNEL_VERSION > 0 ? HWIRQ_PASS : HWIRQ_DROP;
}

HWIRQ_REFUSED(global_variables, EACCES, "write into map forbidden, value_size=4 off=0 size=4")
SEC("hwirq") __naked int write_kconfig(void)
{
	asm volatile("r1 = %[LINUX_KERNEL_VERSION] ll; r0 = 2; *(u32 *)(r1 + 0) = r0; exit;"
		     :: IMM_ADDR(LINUX_KERNEL_VERSION) : __clobber_all);
}
