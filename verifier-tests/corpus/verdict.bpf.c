// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a program returns. */
#include "expect.h"

HWIRQ_RULE(verdict_range,
	   "A program returns HWIRQ_ABORTED, HWIRQ_DROP, HWIRQ_PASS or HWIRQ_TX on each path.",
	   "The interrupt handler acts on the verdict without looking at its range: an unknown one is a bug that the verifier can find before any frame arrives.",
	   "Return one of the four; clear the upper bits of a computed verdict, or compare it first.")

#define MUST "hwirq programs must return HWIRQ_ABORTED, HWIRQ_DROP, HWIRQ_PASS or HWIRQ_TX"

#define CONSTANT(value)								\
	SEC("hwirq") __naked int return_##value(void)				\
	{									\
		asm volatile("r0 = " #value "; exit;");				\
	}

HWIRQ_ACCEPTED(verdict_range, 2) CONSTANT(0)
HWIRQ_ACCEPTED(verdict_range, 2) CONSTANT(1)
HWIRQ_ACCEPTED(verdict_range, 2) CONSTANT(2)
HWIRQ_ACCEPTED(verdict_range, 2) CONSTANT(3)
HWIRQ_REFUSED(verdict_range, EINVAL, MUST)
HWIRQ_ALSO("At program exit the register R0 has smin=4 smax=4 should have been in [0, 3]")
CONSTANT(4)

HWIRQ_REFUSED(verdict_range, EINVAL, MUST)
HWIRQ_ALSO("At program exit the register R0 has smin=-1 smax=-1 should have been in [0, 3]")
SEC("hwirq") __naked int return_minus_1(void)
{
	asm volatile("r0 = -1; exit;");
}

/* Only the lower 32 bits are the verdict, but the verifier looks at all. */
HWIRQ_REFUSED(verdict_range, EINVAL, MUST)
SEC("hwirq") __naked int upper_half(void)
{
	asm volatile("r0 = 0x100000002 ll; exit;");
}

HWIRQ_ACCEPTED(verdict_range, 6)
SEC("hwirq") __naked int masked(void)
{
	asm volatile("r0 = *(u32 *)(r1 + 12); r0 &= 3; exit;");
}

HWIRQ_REFUSED(verdict_range, EINVAL, MUST)
HWIRQ_ALSO("At program exit the register R0 has smin=0 smax=7 should have been in [0, 3]")
SEC("hwirq") __naked int masked_too_wide(void)
{
	asm volatile("r0 = *(u32 *)(r1 + 12); r0 &= 7; exit;");
}

HWIRQ_ACCEPTED(verdict_range, 7)
SEC("hwirq") __naked int compared(void)
{
	asm volatile("r0 = *(u32 *)(r1 + 12); if r0 <= 3 goto +1; r0 = 0; exit;");
}

HWIRQ_REFUSED(verdict_range, EINVAL, MUST)
SEC("hwirq") __naked int compared_off_by_one(void)
{
	asm volatile("r0 = *(u32 *)(r1 + 12); if r0 <= 4 goto +1; r0 = 0; exit;");
}

/* One path of two is enough. */
HWIRQ_REFUSED(verdict_range, EINVAL, MUST)
SEC("hwirq") __naked int one_bad_path(void)
{
	asm volatile("r1 = *(u32 *)(r1 + 12);"
		     "r0 = 2;"
		     "if r1 != 77 goto +1;"
		     "r0 = 9;"
		     "exit;");
}

HWIRQ_REFUSED(verdict_range, EACCES, "R0 !read_ok")
SEC("hwirq") __naked int nothing(void)
{
	asm volatile("exit;");
}

HWIRQ_REFUSED(verdict_range, EINVAL, "At program exit the register R0 is not a known value (ctx)")
SEC("hwirq") __naked int a_pointer(void)
{
	asm volatile("r0 = r1; exit;");
}
