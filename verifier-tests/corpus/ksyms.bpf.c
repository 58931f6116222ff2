// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Variables and functions of the kernel, by their address. */
#include "expect.h"

HWIRQ_RULE(kernel_symbols,
	   "Neither variables nor functions of the kernel can be referred to by their BTF.",
	   "The verifier lets such loads fault and handles the fault, which has no place in the interrupt handler.",
	   "const volatile data (.rodata), set by the loader.")

HWIRQ_REFUSED(kernel_symbols, EINVAL,
	      "hwirq programs cannot use kernel symbol 'schedule': a load through it may fault; use const volatile data (.rodata)")
HWIRQ_LOAD("btf_id=schedule")
SEC("hwirq") __naked int address_of_function(void)
{
	asm volatile(LD_BTF_ID(1) PASS);
}

/* Its members do not matter, it is the variable that is refused. */
struct rq {};
extern const struct rq runqueues __ksym;
HWIRQ_REFUSED(kernel_symbols, EINVAL,
	      "hwirq programs cannot use kernel symbol 'runqueues': a load through it may fault; use const volatile data (.rodata)")
SEC("hwirq") __naked int address_of_variable(void)
{
	asm volatile("r1 = %[runqueues] ll;" PASS :: IMM_ADDR(runqueues) : __clobber_all);
}

extern const void bpf_prog_fops __ksym;
HWIRQ_REFUSED(kernel_symbols, EACCES,
	      "R1 invalid mem access 'scalar'")
SEC("hwirq") __naked int read_by_address(void)
{
	asm volatile("r1 = %[bpf_prog_fops] ll; r0 = *(u64 *)(r1 + 0);" PASS
		     :: IMM_ADDR(bpf_prog_fops) : __clobber_all);
}

/* libbpf looks it up in /proc/kallsyms; then it is a number like any other. */
HWIRQ_ACCEPTED(kernel_symbols, 1 + 2)
SEC("hwirq") __naked int address_as_number(void)
{
	asm volatile("r1 = %[bpf_prog_fops] ll;" PASS :: IMM_ADDR(bpf_prog_fops) : __clobber_all);
}
