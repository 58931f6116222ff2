// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses of the kernel. */
#include "expect.h"

HWIRQ_RULE(kernel_addresses,
	   "Without CAP_PERFMON, no address of the kernel is stored where others can see it, compared with a number, or made one.",
	   "A frame goes out to the network, and to whoever reads there.",
	   "Store offsets and lengths; load with CAP_PERFMON what has to show addresses.")

#define UNPRIVILEGED	HWIRQ_LOAD("caps=-perfmon,-sys_admin")

HWIRQ_REFUSED(kernel_addresses, EACCES,
	      "R10 leaks addr into packet") UNPRIVILEGED
SEC("hwirq") __naked int pointer_to_frame(void)
{
	asm volatile(PARSE(14) "*(u64 *)(r2 + 0) = r10;" PASS);
}

HWIRQ_ACCEPTED(kernel_addresses, 11 + 1 + 2)
SEC("hwirq") __naked int pointer_to_frame_as_root(void)
{
	asm volatile(PARSE(14) "*(u64 *)(r2 + 0) = r10;" PASS);
}

HWIRQ_ACCEPTED_UPTO(kernel_addresses, 4 + 4 + 1 + 1 + 1 + 2 + 4 + (1 + 30) + 2) UNPRIVILEGED
SEC("hwirq") __naked int number_to_frame(void)
{
	asm volatile(PARSE(14) "r1 = 7; *(u64 *)(r2 + 0) = r1;" PASS);
}

HWIRQ_REFUSED(kernel_addresses, EACCES,
	      "R10 pointer comparison prohibited") UNPRIVILEGED
SEC("hwirq") __naked int pointer_compared(void)
{
	asm volatile("r0 = 2; if r10 > 77 goto +1; r0 = 1; exit;");
}

HWIRQ_REFUSED(kernel_addresses, EACCES,
	      "R10 partial copy of pointer") UNPRIVILEGED
SEC("hwirq") __naked int half_of_pointer(void)
{
	asm volatile("w1 = w10;" PASS);
}

HWIRQ_REFUSED(kernel_addresses, EACCES,
	      "R2 pointer -= pointer prohibited") UNPRIVILEGED
SEC("hwirq") __naked int difference_of_pointers(void)
{
	asm volatile("r2 = r10; r2 -= r1;" PASS);
}
