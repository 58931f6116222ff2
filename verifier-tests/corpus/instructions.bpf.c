// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Instructions that hwirq programs cannot use, and those that nobody can. */
#include "expect.h"

HWIRQ_RULE(legacy_loads,
	   "BPF_LD_ABS and BPF_LD_IND, the loads of classic BPF, cannot be used.",
	   "They read from an skb, and end the program by themselves; there is no skb in hard IRQ.",
	   "Direct packet access.")

HWIRQ_RULE(instruction_set,
	   "Only the instructions of the BPF instruction set that need nothing from the kernel can be used, and all code is reachable.",
	   "An arena needs page faults, and an exception needs to unwind the stack.",
	   "Plain instructions.")

HWIRQ_ACCEPTED(legacy_loads, 11 + 1 + 2)
SEC("hwirq") __naked int direct_access(void)
{
	asm volatile(PARSE(14) "r0 = *(u8 *)(r2 + 12);" PASS);
}

HWIRQ_REFUSED(legacy_loads, EINVAL,
	      "hwirq programs cannot use BPF_LD_[ABS|IND] (insn 1): there is no skb; use direct packet access")
SEC("hwirq") __naked int ld_abs(void)
{
	asm volatile("r6 = r1;" LD_ABS_B(12) PASS);
}

HWIRQ_REFUSED(legacy_loads, EINVAL,
	      "hwirq programs cannot use BPF_LD_[ABS|IND] (insn 2): there is no skb; use direct packet access")
SEC("hwirq") __naked int ld_ind(void)
{
	asm volatile("r6 = r1; r7 = 0;" LD_IND_B(7, 12) PASS);
}

HWIRQ_ACCEPTED(instruction_set, 2)
SEC("hwirq") __naked int nothing_but_a_verdict(void)
{
	asm volatile(PASS);
}

HWIRQ_REFUSED(instruction_set, EINVAL,
	      "addr_space_cast insn can only be used in a program that has an associated arena")
SEC("hwirq") __naked int arena_cast(void)
{
	asm volatile("r0 = 0;" INSN(0xbf, 0, 0, 1, 1) PASS);
}

HWIRQ_REFUSED(instruction_set, EINVAL,
	      "unknown opcode ff")
SEC("hwirq") __naked int unknown_opcode(void)
{
	asm volatile(INSN(0xff, 0, 0, 0, 0) PASS);
}

HWIRQ_REFUSED(instruction_set, EINVAL,
	      "unreachable insn 2")
SEC("hwirq") __naked int unreachable(void)
{
	asm volatile(PASS PASS);
}

HWIRQ_REFUSED(instruction_set, EINVAL,
	      "last insn is not an exit or jmp")
SEC("hwirq") __naked int falls_off_the_end(void)
{
	asm volatile("r0 = 2;");
}

HWIRQ_REFUSED(instruction_set, EINVAL,
	      "jump out of range from insn 0 to 8")
SEC("hwirq") __naked int jumps_out(void)
{
	asm volatile("if r1 == 0 goto +7;" PASS);
}

HWIRQ_REFUSED(instruction_set, EINVAL,
	      "div by zero")
SEC("hwirq") __naked int division_by_constant_0(void)
{
	asm volatile("r0 = 1; r0 /= 0;" PASS);
}

HWIRQ_ACCEPTED(instruction_set, 4 + 1 + 12 + 2)
SEC("hwirq") __naked int division_by_variable(void)
{
	asm volatile("r1 = *(u32 *)(r1 + 12); r0 = 1; r0 /= r1;" PASS);
}

HWIRQ_REFUSED(instruction_set, EINVAL,
	      "invalid shift 64")
SEC("hwirq") __naked int shift_by_64(void)
{
	asm volatile("r0 = 1; r0 <<= 64;" PASS);
}

HWIRQ_REFUSED(instruction_set, EACCES,
	      "R7 !read_ok")
SEC("hwirq") __naked int register_never_written(void)
{
	asm volatile("r0 = r7;" PASS);
}

HWIRQ_REFUSED(instruction_set, EACCES,
	      "frame pointer is read only")
SEC("hwirq") __naked int frame_pointer_written(void)
{
	asm volatile("r10 = 0;" PASS);
}

HWIRQ_REFUSED(instruction_set, EACCES,
	      "R1 invalid mem access 'scalar'")
SEC("hwirq") __naked int number_as_pointer(void)
{
	asm volatile("r1 = 4096; r0 = *(u64 *)(r1 + 0);" PASS);
}
