// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls within the program, and the stack. */
#include "expect.h"

HWIRQ_RULE(static_functions,
	   "Functions of the program are static; each call costs what its body costs there.",
	   "Global functions are verified apart from their callers, so their cost is part of nobody's path.",
	   "Write static, or static __always_inline.")

HWIRQ_RULE(call_depth,
	   "At most 8 functions are active at a time, and none calls itself.",
	   "The stack of the interrupt handler is small, and shared with whatever was interrupted.",
	   "Inline the small ones.")

HWIRQ_RULE(stack_size,
	   "All active functions together use at most 512 bytes of stack.",
	   "The stack of the interrupt handler is small, and shared with whatever was interrupted.",
	   "Work on the frame itself, keep tables in const volatile data (.rodata).")

HWIRQ_RULE(stack_contents,
	   "Without CAP_PERFMON, what is read from the stack was written before.",
	   "The program could otherwise send out what the interrupted kernel left there.",
	   "Initialize variables.")

#define __function static __attribute__((noinline, used, naked))

__function int leaf(void)
{
	asm volatile("r0 = 2; exit;");
}

__function int ten_rounds(void)
{
	asm volatile("r1 = 0; r1 += 1; if r1 < 10 goto -2; r0 = 0; exit;");
}

__function int calls_leaf(void)
{
	asm volatile("call %[leaf]; exit;" :: IMM(leaf) : __clobber_all);
}

/* Not static: the only difference. */
__attribute__((noinline, used, naked)) int global(void)
{
	asm volatile("r0 = 2; exit;");
}

HWIRQ_ACCEPTED(static_functions, 1 + 2 + 1)
SEC("hwirq") __naked int call_static(void)
{
	asm volatile("call %[leaf]; exit;" :: IMM(leaf) : __clobber_all);
}

HWIRQ_REFUSED(static_functions, EINVAL,
	      "hwirq programs cannot call global function 'global': its cost is not part of the caller's path; make it static")
SEC("hwirq") __naked int call_global(void)
{
	asm volatile("call %[global]; exit;" :: IMM(global) : __clobber_all);
}

/* libbpf makes static what is hidden. */
__attribute__((noinline, used, naked, visibility("hidden"))) int hidden(void)
{
	asm volatile("r0 = 2; exit;");
}

HWIRQ_ACCEPTED(static_functions, 1 + 2 + 1)
SEC("hwirq") __naked int call_hidden(void)
{
	asm volatile("call %[hidden]; exit;" :: IMM(hidden) : __clobber_all);
}

HWIRQ_ACCEPTED(static_functions, 1 + (1 + 2 + 1) + 1)
SEC("hwirq") __naked int call_through_another(void)
{
	asm volatile("call %[calls_leaf]; exit;" :: IMM(calls_leaf) : __clobber_all);
}

HWIRQ_ACCEPTED(static_functions, 2 * 1 + 2 * 1 + 2 * 10 * 2 + 2 * 2 + 2)
SEC("hwirq") __naked int call_twice(void)
{
	asm volatile("call %[ten_rounds]; call %[ten_rounds];" PASS :: IMM(ten_rounds) : __clobber_all);
}

/* In a loop it costs its body in each round. */
HWIRQ_ACCEPTED(static_functions, 1 + 100 * 26 + 2)
SEC("hwirq") __naked int call_in_loop(void)
{
	asm volatile("r6 = 0;"
		     "call %[ten_rounds];"
		     "r6 += 1;"
		     "if r6 < 100 goto -3;" PASS :: IMM(ten_rounds) : __clobber_all);
}

HWIRQ_REFUSED(static_functions, E2BIG,
	      "hwirq programs cannot have longer paths; shorten it, give loops a lower constant bound, or raise kernel.bpf_hwirq_max_path")
SEC("hwirq") __naked int call_in_long_loop(void)
{
	asm volatile("r6 = 0;"
		     "call %[ten_rounds];"
		     "r6 += 1;"
		     "if r6 < 200 goto -3;" PASS :: IMM(ten_rounds) : __clobber_all);
}

/* Depth: the program and 7 functions below it */

#define BELOW(name, callee)							\
	__function int name(void)						\
	{									\
		asm volatile("call %[" #callee "]; exit;" :: IMM(callee) : __clobber_all); \
	}
BELOW(depth_2, leaf)
BELOW(depth_3, depth_2)
BELOW(depth_4, depth_3)
BELOW(depth_5, depth_4)
BELOW(depth_6, depth_5)
BELOW(depth_7, depth_6)
BELOW(depth_8, depth_7)

HWIRQ_ACCEPTED(call_depth, 1 + 6 * (1 + 1) + 2 + 1)
SEC("hwirq") __naked int eight_frames(void)
{
	asm volatile("call %[depth_7]; exit;" :: IMM(depth_7) : __clobber_all);
}

HWIRQ_REFUSED(call_depth, E2BIG,
	      "the call stack of 9 frames is too deep")
SEC("hwirq") __naked int nine_frames(void)
{
	asm volatile("call %[depth_8]; exit;" :: IMM(depth_8) : __clobber_all);
}

/* call -2: itself */
__function int recursive(void)
{
	asm volatile("r0 = 2; if r1 == 0 goto +1;" INSN(0x85, 0, 1, 0, -3) "exit;");
}

HWIRQ_REFUSED(call_depth, E2BIG,
	      "the call stack of 9 frames is too deep")
SEC("hwirq") __naked int recursion(void)
{
	asm volatile("r1 = 1; call %[recursive]; exit;" :: IMM(recursive) : __clobber_all);
}

/* Stack */

HWIRQ_ACCEPTED(stack_size, 1 + 1 + 2)
SEC("hwirq") __naked int stack_512(void)
{
	asm volatile("r1 = 0; *(u64 *)(r10 - 512) = r1;" PASS);
}

HWIRQ_REFUSED(stack_size, EACCES,
	      "invalid write to stack R10 off=-520 size=8")
SEC("hwirq") __naked int stack_520(void)
{
	asm volatile("r1 = 0; *(u64 *)(r10 - 520) = r1;" PASS);
}

HWIRQ_REFUSED(stack_size, EACCES,
	      "invalid write to stack R10 off=0 size=8")
SEC("hwirq") __naked int stack_above(void)
{
	asm volatile("r1 = 0; *(u64 *)(r10 + 0) = r1;" PASS);
}

HWIRQ_REFUSED(stack_size, EACCES,
	      "invalid unbounded variable-offset write to stack R2")
SEC("hwirq") __naked int stack_variable(void)
{
	asm volatile("r1 = *(u32 *)(r1 + 12);"
		     "r2 = r10;"
		     "r2 += r1;"
		     "r1 = 0;"
		     "*(u8 *)(r2 - 8) = r1;" PASS);
}

__function int uses_256(void)
{
	asm volatile("r1 = 0; *(u64 *)(r10 - 256) = r1; r0 = 0; exit;");
}

HWIRQ_ACCEPTED(stack_size, 1 + 1 + 1 + 4 + 2)
SEC("hwirq") __naked int stack_256_and_256(void)
{
	asm volatile("r1 = 0; *(u64 *)(r10 - 256) = r1; call %[uses_256];" PASS
		     :: IMM(uses_256) : __clobber_all);
}

HWIRQ_REFUSED(stack_size, EACCES,
	      "combined stack size of 2 calls is 528. Too large")
SEC("hwirq") __naked int stack_264_and_256(void)
{
	asm volatile("r1 = 0; *(u64 *)(r10 - 264) = r1; call %[uses_256];" PASS
		     :: IMM(uses_256) : __clobber_all);
}

/* One after the other, they use the same bytes. */
HWIRQ_ACCEPTED(stack_size, 2 * (1 + 4) + 2)
SEC("hwirq") __naked int stack_256_twice(void)
{
	asm volatile("call %[uses_256]; call %[uses_256];" PASS :: IMM(uses_256) : __clobber_all);
}

HWIRQ_ACCEPTED_UPTO(stack_contents, 1 + (1 + 30) + 1 + 2)
HWIRQ_LOAD("caps=-perfmon,-sys_admin")
SEC("hwirq") __naked int read_after_write(void)
{
	asm volatile("r1 = 0; *(u64 *)(r10 - 8) = r1; r0 = *(u64 *)(r10 - 8);" PASS);
}

HWIRQ_REFUSED(stack_contents, EACCES,
	      "invalid read from stack R10 off=-8 size=8")
HWIRQ_LOAD("caps=-perfmon,-sys_admin")
SEC("hwirq") __naked int read_before_write(void)
{
	asm volatile("r0 = *(u64 *)(r10 - 8);" PASS);
}

/* Who may trace the kernel may read this as well. */
HWIRQ_ACCEPTED(stack_contents, 1 + 2)
SEC("hwirq") __naked int read_before_write_as_root(void)
{
	asm volatile("r0 = *(u64 *)(r10 - 8);" PASS);
}
