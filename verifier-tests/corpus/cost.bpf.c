// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What each instruction and each helper adds to the path. */
#include "expect.h"

HWIRQ_RULE(path_cost,
	   "Each instruction costs at least as many as it may be expanded to, and more if the CPU needs long for it; a helper costs what it may do.",
	   "The cost has to bound what is executed in hard IRQ, not what was written.",
	   "See the table in Documentation/bpf/prog_hwirq.rst; divide by constants, and sum up short ranges.")

HWIRQ_RULE(csum_size,
	   "bpf_csum_diff() costs 30 and 1 more for each 4 bytes that its size arguments may add up to, 512 bytes at most.",
	   "Its time grows with the bytes that it reads.",
	   "Pass constant sizes, or compare variable ones with a low constant first.")

/* One instruction between an R0 of 0, the frame of the stack, and the end. */
#define COST(name, cost, insn)							\
	HWIRQ_ACCEPTED(path_cost, 1 + cost + 2)					\
	SEC("hwirq") __naked int name(void)					\
	{									\
		asm volatile("r0 = 0;" insn PASS);				\
	}
/* The same after *(u64 *)(R10 - 8) = 0 */
#define COST_STACK(name, cost, insn)						\
	HWIRQ_ACCEPTED(path_cost, 1 + 1 + cost + 2)				\
	SEC("hwirq") __naked int name(void)					\
	{									\
		asm volatile("r0 = 0; *(u64 *)(r10 - 8) = r0;" insn PASS);	\
	}

/* Arithmetic: the operators of both classes, with a constant and with a register */
#define OPERATOR(name, op)							\
	COST(name##64_const, 1, "r0 " op " 1;")					\
	COST(name##64_reg, 1, "r0 " op " r0;")					\
	COST(name##32_const, 1, "w0 " op " 1;")					\
	COST(name##32_reg, 1, "w0 " op " w0;")
OPERATOR(mov, "=")
OPERATOR(add, "+=")
OPERATOR(sub, "-=")
OPERATOR(mul, "*=")
OPERATOR(or, "|=")
OPERATOR(and, "&=")
OPERATOR(xor, "^=")
OPERATOR(lsh, "<<=")
OPERATOR(rsh, ">>=")
OPERATOR(arsh, "s>>=")
COST(neg64, 1, "r0 = -r0;")
COST(neg32, 1, "w0 = -w0;")
COST(to_big_endian_16, 1, "r0 = be16 r0;")
COST(to_big_endian_32, 1, "r0 = be32 r0;")
COST(to_big_endian_64, 1, "r0 = be64 r0;")
COST(to_little_endian_64, 1, "r0 = le64 r0;")
COST(byte_swap_64, 1, INSN(0xd7, 0, 0, 0, 64))
COST(sign_extend_8, 1, INSN(0xbf, 0, 0, 8, 0))
COST(sign_extend_32, 1, INSN(0xbf, 0, 0, 32, 0))

/* Division is slow, and the checks for 0 and -1 come on top. */
COST(div64_const, 12, "r0 /= 3;")
COST(div64_reg, 12, "r0 /= r0;")
COST(div32_const, 12, "w0 /= 3;")
COST(div32_reg, 12, "w0 /= w0;")
COST(mod64_const, 12, INSN(0x97, 0, 0, 0, 3))
COST(mod64_reg, 12, INSN(0x9f, 0, 0, 0, 0))
COST(mod32_const, 12, INSN(0x94, 0, 0, 0, 3))
COST(mod32_reg, 12, INSN(0x9c, 0, 0, 0, 0))
COST(sdiv64_const, 12, INSN(0x37, 0, 0, 1, 3))
COST(sdiv64_reg, 12, INSN(0x3f, 0, 0, 1, 0))
COST(sdiv32_reg, 12, INSN(0x3c, 0, 0, 1, 0))
COST(smod64_reg, 12, INSN(0x9f, 0, 0, 1, 0))
COST(smod32_reg, 12, INSN(0x9c, 0, 0, 1, 0))

/* Loads */
COST(load_imm64, 1, "r1 = 0x123456789abcdef0 ll;")
COST(load_context_32, 4, "r0 = *(u32 *)(r1 + 12);")
COST(load_context_64, 4, "r0 = *(u64 *)(r1 + 16);")
COST(load_context_signed, 4, LDSX_W(0, 1, 12))
COST_STACK(load_stack_8, 1, "r0 = *(u8 *)(r10 - 8);")
COST_STACK(load_stack_16, 1, "r0 = *(u16 *)(r10 - 8);")
COST_STACK(load_stack_32, 1, "r0 = *(u32 *)(r10 - 8);")
COST_STACK(load_stack_64, 1, "r0 = *(u64 *)(r10 - 8);")
COST_STACK(load_stack_signed, 1, LDSX_B(0, 10, -8))

/* Stores */
COST_STACK(store_8, 1, "*(u8 *)(r10 - 8) = r0;")
COST_STACK(store_16, 1, "*(u16 *)(r10 - 8) = r0;")
COST_STACK(store_32, 1, "*(u32 *)(r10 - 8) = r0;")
COST_STACK(store_64, 1, "*(u64 *)(r10 - 8) = r0;")
COST_STACK(store_constant_32, 1, INSN(0x62, 10, 0, -8, 7))
COST_STACK(store_constant_64, 1, INSN(0x7a, 10, 0, -8, 7))
COST_STACK(spill_pointer, 1, "*(u64 *)(r10 - 8) = r1;")
COST_STACK(atomic_add_64, 20, "lock *(u64 *)(r10 - 8) += r0;")
COST_STACK(atomic_add_32, 20, "lock *(u32 *)(r10 - 8) += r0;")
COST_STACK(atomic_or, 20, INSN(0xdb, 10, 0, -8, 0x40))
COST_STACK(atomic_and, 20, INSN(0xdb, 10, 0, -8, 0x50))
COST_STACK(atomic_xor, 20, INSN(0xdb, 10, 0, -8, 0xa0))
COST_STACK(atomic_fetch_add, 20, INSN(0xdb, 10, 0, -8, 0x01))
COST_STACK(atomic_exchange, 20, INSN(0xdb, 10, 0, -8, 0xe1))
COST_STACK(atomic_compare_exchange, 20, INSN(0xdb, 10, 0, -8, 0xf1))

/* Jumps */
COST(jump, 1, "goto +0;")
COST(jump_far, 1, INSN(0x06, 0, 0, 0, 0))
COST(jump_if_const, 1, "if r0 == 1 goto +0;")
COST(jump_if_reg, 1, "if r0 == r10 goto +0;")
COST(jump_if_32_const, 1, "if w0 == 1 goto +0;")
COST(jump_if_32_reg, 1, "if w0 == w0 goto +0;")

/* Without CAP_PERFMON, stores and additions to pointers are sanitized; for the latter
 * see rodata.bpf.c.
 */
HWIRQ_ACCEPTED(path_cost, 1 + (1 + 30) + 2)
HWIRQ_LOAD("caps=-perfmon,-sys_admin")
HWIRQ_NEEDS("mitigations")
SEC("hwirq") __naked int store_sanitized(void)
{
	asm volatile("r0 = 0; *(u64 *)(r10 - 8) = r0;" PASS);
}

/* Constant blinding makes three instructions of one. */
#define BLINDED(name, cost, insn)						\
	HWIRQ_ACCEPTED(path_cost, cost)						\
	HWIRQ_LOAD("sysctl=net.core.bpf_jit_harden=2")				\
	SEC("hwirq") __naked int name(void)					\
	{									\
		asm volatile(insn PASS);					\
	}
BLINDED(blinded, 3 * 2, "")
BLINDED(blinded_imm64, 3 * 3 + 3 * 2, "r1 = 0x123456789abcdef0 ll;")
BLINDED(blinded_context, 3 * 4 + 3 * 2, "r0 = *(u32 *)(r1 + 12);")
BLINDED(blinded_div, 3 * 1 + 3 * 12 + 3 * 2, "r0 = 9; r0 /= 3;")

/* The limit is one of cost, not of instructions. */
HWIRQ_ACCEPTED(path_cost, 1 + 341 * 12 + 1 + 2)
SEC("hwirq") __naked int divisions_4096(void)
{
	asm volatile("r0 = 0; .rept 341; r0 /= 3; .endr; r0 = 1;" PASS);
}

HWIRQ_REFUSED(path_cost, E2BIG,
	      "hwirq programs cannot have longer paths; shorten it, give loops a lower constant bound, or raise kernel.bpf_hwirq_max_path")
HWIRQ_ALSO("path cost 4105 exceeds the limit 4096 at insn 342")
SEC("hwirq") __naked int divisions_4108(void)
{
	asm volatile("r0 = 0; .rept 342; r0 /= 3; .endr; r0 = 1;" PASS);
}

/* bpf_csum_diff(NULL, 0, SIZE bytes of the stack, SIZE, 0); the costs of the other
 * helpers are in helpers.bpf.c.
 */
#define CSUM(size)								\
	"r1 = 0; r2 = 0; r3 = r10; r3 += -512; r4 = " #size "; r5 = 0; call 28;"
#define CSUM_COST(size)								\
	HWIRQ_ACCEPTED(csum_size, 6 + 1 + 30 + size / 4 + 2)			\
	SEC("hwirq") __naked int csum_of_##size(void)				\
	{									\
		asm volatile(CSUM(size) PASS ::: __clobber_all);		\
	}
CSUM_COST(4)
CSUM_COST(20)
CSUM_COST(64)
CSUM_COST(512)

/* Both sizes count. */
HWIRQ_ACCEPTED(csum_size, 7 + 1 + 30 + (20 + 40) / 4 + 2)
SEC("hwirq") __naked int csum_of_20_and_40(void)
{
	asm volatile("r1 = r10; r1 += -512; r2 = 20; r3 = r10; r3 += -512; r4 = 40; r5 = 0; call 28;"
		     PASS ::: __clobber_all);
}

/* A variable size counts with its upper bound. */
HWIRQ_ACCEPTED(csum_size, 4 + 1 + 4 + 2 + 1 + 30 + 60 / 4 + 2)
SEC("hwirq") __naked int csum_of_variable(void)
{
	asm volatile("r4 = *(u32 *)(r1 + 12);"
		     "r4 &= 60;"
		     "r1 = 0; r2 = 0; r3 = r10; r3 += -512; r5 = 0; r0 = 0; call 28;"
		     PASS ::: __clobber_all);
}

HWIRQ_REFUSED(csum_size, EACCES,
	      "R4 unbounded memory access, use 'var &= const' or 'if (var < const)'")
SEC("hwirq") __naked int csum_of_unbounded(void)
{
	asm volatile("r4 = *(u32 *)(r1 + 12);"
		     "r1 = 0; r2 = 0; r3 = r10; r3 += -512; r5 = 0; call 28;"
		     PASS ::: __clobber_all);
}

HWIRQ_REFUSED(csum_size, EINVAL,
	      "invalid indirect access to stack R3 off=-512 size=516")
SEC("hwirq") __naked int csum_past_stack(void)
{
	asm volatile(CSUM(516) PASS ::: __clobber_all);
}

/* The frame may be summed up, as far as it was compared with data_end. */
HWIRQ_ACCEPTED(csum_size, 11 + 6 + 1 + 30 + 32 / 4 + 2)
SEC("hwirq") __naked int csum_of_frame(void)
{
	asm volatile(PARSE(32) "r1 = 0; r3 = r2; r2 = 0; r4 = 32; r5 = 0; r0 = 0; call 28;"
		     PASS ::: __clobber_all);
}

HWIRQ_REFUSED(csum_size, EACCES,
	      "invalid access to packet, off=0 size=36, R3(id=0,off=0,r=32)")
SEC("hwirq") __naked int csum_past_frame(void)
{
	asm volatile(PARSE(32) "r1 = 0; r3 = r2; r2 = 0; r4 = 36; r5 = 0; r0 = 0; call 28;"
		     PASS ::: __clobber_all);
}
