// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Global variables: constant ones are accepted, writable ones are not. */
#include "expect.h"

HWIRQ_RULE(global_variables,
	   "Global variables are const: those in .rodata are accepted, those in .data and .bss refused.",
	   "A writable variable is a map without any consistency: user space, other CPUs and the interrupted program change it meanwhile.",
	   "const volatile, set by the loader before the program is loaded.")

HWIRQ_RULE(constant_values,
	   "The values of constants are known when the program is verified: they bound loops and prove verdicts.",
	   "The bound of the path is then the bound for this configuration, not for any.",
	   "Set them before loading; check those that come out of range by a comparison in the program.")

const volatile __u32 verdict = HWIRQ_PASS;
const volatile __u32 bad_verdict = 4;
const volatile __u32 rounds = 10;
const volatile __u32 too_many_rounds = 5000;
const volatile __u8 table[64] = { 1, 2, 3, 1, 2, 3, 1, 2, 3 };

HWIRQ_ACCEPTED_UPTO(global_variables, 8)
SEC("hwirq") int read_rodata(struct hwirq_md *ctx)
{
	return verdict & 3;
}

HWIRQ_ACCEPTED_UPTO(global_variables, 16)
SEC("hwirq") int read_rodata_at_variable_offset(struct hwirq_md *ctx)
{
	return table[ctx->rx_queue_index & 63] & 3;
}

HWIRQ_ACCEPTED(map_pointer, 1 + 1 + 2)
SEC("hwirq") __naked int read_value_of_map(void)
{
	asm volatile("r1 = %[table] ll; r0 = *(u8 *)(r1 + 63);" PASS :: IMM_ADDR(table) : __clobber_all);
}

HWIRQ_REFUSED(global_variables, EACCES,
	      "R1 min value is outside of the allowed memory range")
SEC("hwirq") __naked int read_past_rodata(void)
{
	asm volatile("r1 = %[table] ll; r0 = *(u8 *)(r1 + 80);" PASS :: IMM_ADDR(table) : __clobber_all);
}

HWIRQ_REFUSED(global_variables, EACCES,
	      "write into map forbidden, value_size=80 off=0 size=4")
SEC("hwirq") __naked int write_rodata(void)
{
	asm volatile("r1 = %[verdict] ll; r0 = 2; *(u32 *)(r1 + 0) = r0; exit;" :: IMM_ADDR(verdict) : __clobber_all);
}

/* Proved by the constant alone. */
HWIRQ_ACCEPTED(constant_values, 1 + 1 + 1)
SEC("hwirq") __naked int verdict_from_rodata(void)
{
	asm volatile("r1 = %[verdict] ll; r0 = *(u32 *)(r1 + 0); exit;" :: IMM_ADDR(verdict) : __clobber_all);
}

HWIRQ_REFUSED(constant_values, EINVAL,
	      "hwirq programs must return HWIRQ_ABORTED, HWIRQ_DROP, HWIRQ_PASS or HWIRQ_TX")
SEC("hwirq") __naked int bad_verdict_from_rodata(void)
{
	asm volatile("r1 = %[bad_verdict] ll; r0 = *(u32 *)(r1 + 0); exit;" :: IMM_ADDR(bad_verdict) : __clobber_all);
}

#define LOOP(bound)								\
	asm volatile("r1 = %[" #bound "] ll;"					\
		     "r2 = *(u32 *)(r1 + 0);"					\
		     "r3 = 0;"							\
		     "r3 += 1;"							\
		     "if r3 < r2 goto -2;" PASS :: IMM_ADDR(bound) : __clobber_all)

HWIRQ_ACCEPTED(constant_values, 1 + 1 + 1 + 10 * 2 + 2)
SEC("hwirq") __naked int loop_bound_from_rodata(void)
{
	LOOP(rounds);
}

HWIRQ_REFUSED(constant_values, E2BIG,
	      "hwirq programs cannot have longer paths; shorten it, give loops a lower constant bound, or raise kernel.bpf_hwirq_max_path")
SEC("hwirq") __naked int loop_bound_too_high(void)
{
	LOOP(too_many_rounds);
}

/* What an addition to a pointer costs */
#define ADD_TO_POINTER								\
	asm volatile("r2 = *(u32 *)(r1 + 12);"					\
		     "r2 &= 63;"						\
		     "r3 = %[table] ll;"					\
		     "r3 += r2;"						\
		     "r0 = *(u8 *)(r3 + 0);" PASS :: IMM_ADDR(table) : __clobber_all)

HWIRQ_ACCEPTED(path_cost, 4 + 1 + 1 + 1 + 1 + 2)
SEC("hwirq") __naked int add_to_pointer(void)
{
	ADD_TO_POINTER;
}

HWIRQ_ACCEPTED(path_cost, 4 + 1 + 1 + 10 + 1 + 2)
HWIRQ_LOAD("caps=-perfmon,-sys_admin")
HWIRQ_NEEDS("mitigations")
SEC("hwirq") __naked int add_to_pointer_sanitized(void)
{
	ADD_TO_POINTER;
}
