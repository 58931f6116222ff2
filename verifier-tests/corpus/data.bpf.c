// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Writable global variables; the accepted neighbours are in rodata.bpf.c. */
#include "expect.h"

volatile __u64 counter;
volatile __u64 threshold = 7;
static volatile __u64 hidden;

HWIRQ_REFUSED(global_variables, EINVAL,
	      "hwirq programs cannot use map 'data.bss' of type BPF_MAP_TYPE_ARRAY: it is writable; make its variables const volatile (.rodata)")
SEC("hwirq") __naked int read_bss(void)
{
	asm volatile("r1 = %[counter] ll; r0 = *(u64 *)(r1 + 0);" PASS :: IMM_ADDR(counter) : __clobber_all);
}

HWIRQ_REFUSED(global_variables, EINVAL,
	      "hwirq programs cannot use map 'data.bss' of type BPF_MAP_TYPE_ARRAY: it is writable; make its variables const volatile (.rodata)")
SEC("hwirq") __naked int count_in_bss(void)
{
	asm volatile("r1 = %[counter] ll; r0 = 1; lock *(u64 *)(r1 + 0) += r0;" PASS
		     :: IMM_ADDR(counter) : __clobber_all);
}

HWIRQ_REFUSED(global_variables, EINVAL,
	      "hwirq programs cannot use map 'data.data' of type BPF_MAP_TYPE_ARRAY: it is writable; make its variables const volatile (.rodata)")
SEC("hwirq") __naked int read_data(void)
{
	asm volatile("r1 = %[threshold] ll; r0 = *(u64 *)(r1 + 0);" PASS :: IMM_ADDR(threshold) : __clobber_all);
}

/* A static variable is no safer. */
HWIRQ_REFUSED(global_variables, EINVAL,
	      "hwirq programs cannot use map 'data.bss' of type BPF_MAP_TYPE_ARRAY: it is writable; make its variables const volatile (.rodata)")
SEC("hwirq") int count_in_static(struct hwirq_md *ctx)
{
	hidden++;
	return HWIRQ_PASS;
}
