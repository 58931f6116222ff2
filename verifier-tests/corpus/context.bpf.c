// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* struct hwirq_md: every offset, size and kind of access. */
#include "expect.h"

HWIRQ_RULE(context_fields,
	   "The fields of struct hwirq_md are read whole, each at its own size.",
	   "Each access is translated to one load from the interrupt handler's own structure, which has another layout: the pieces of a field have no counterpart there.",
	   "Read the whole field into a variable, then mask or shift.")

HWIRQ_RULE(context_read_only,
	   "The context cannot be written.",
	   "The interrupt handler goes on using it after the program has run; a changed pointer or queue number would crash the kernel.",
	   "Keep what you computed in a local variable, and change the frame itself.")

HWIRQ_RULE(context_pointer,
	   "The context pointer is used as it came: with constant, non-negative offsets within the structure.",
	   "Only then can the verifier translate each access to the field that it means.",
	   "Use ctx->field; pass ctx itself to static functions.")

/* Refused: what is not listed with its own size below. */
#define REFUSED_READ(off, bits, size)						\
	HWIRQ_REFUSED(context_fields, EACCES,					\
		      "invalid bpf_context access off=" #off " size=" #size)	\
	READ(off, bits)
#define READ(off, bits)								\
	SEC("hwirq") __naked int read_u##bits##_at_##off(void)			\
	{									\
		asm volatile("r0 = *(u" #bits " *)(r1 + " #off ");" PASS);	\
	}
#define REFUSED_READ_SIGNED(off, bits, size, insn)				\
	HWIRQ_REFUSED(context_fields, EACCES,					\
		      "invalid bpf_context access off=" #off " size=" #size)	\
	READ_SIGNED(off, bits, insn)
#define READ_SIGNED(off, bits, insn)						\
	SEC("hwirq") __naked int read_s##bits##_at_##off(void)			\
	{									\
		asm volatile(insn(0, 1, off) PASS);				\
	}
#define WRITE(off, bits, size)							\
	HWIRQ_REFUSED(context_read_only, EACCES,				\
		      "invalid bpf_context access off=" #off " size=" #size)	\
	SEC("hwirq") __naked int write_u##bits##_at_##off(void)			\
	{									\
		asm volatile("r0 = 2;"						\
			     "*(u" #bits " *)(r1 + " #off ") = r0;"		\
			     "exit;");						\
	}
/* BPF_ST, which clang 14 cannot assemble */
#define WRITE_CONSTANT(off, bits, size, code)					\
	HWIRQ_REFUSED(context_read_only, EACCES,				\
		      "invalid bpf_context access off=" #off " size=" #size)	\
	SEC("hwirq") __naked int write_constant_u##bits##_at_##off(void)	\
	{									\
		asm volatile(INSN(code, 1, 0, off, 1) PASS);			\
	}

/* Up to a whole field beyond the end. */
#define EACH_OFFSET(M)								\
	M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12)	\
	M(13) M(14) M(15) M(16) M(17) M(18) M(19) M(20) M(21) M(22) M(23) M(24)	\
	M(25) M(26) M(27) M(28) M(29) M(30) M(31) M(32)

#define READ_8(off)	REFUSED_READ(off, 8, 1)
#define READ_16(off)	REFUSED_READ(off, 16, 2)
#define READ_32(off)	REFUSED_READ(off, 32, 4)
#define READ_64(off)	REFUSED_READ(off, 64, 8)
EACH_OFFSET(READ_8)
EACH_OFFSET(READ_16)
HWIRQ_ACCEPTED(context_fields, 4 + 2) READ(0, 32)	/* data */
READ_32(1) READ_32(2) READ_32(3)
HWIRQ_ACCEPTED(context_fields, 4 + 2) READ(4, 32)	/* data_end */
READ_32(5) READ_32(6) READ_32(7)
HWIRQ_ACCEPTED(context_fields, 4 + 2) READ(8, 32)	/* ingress_ifindex */
READ_32(9) READ_32(10) READ_32(11)
HWIRQ_ACCEPTED(context_fields, 4 + 2) READ(12, 32)	/* rx_queue_index */
READ_32(13) READ_32(14) READ_32(15) READ_32(16) READ_32(17) READ_32(18) READ_32(19)
READ_32(20) READ_32(21) READ_32(22) READ_32(23) READ_32(24) READ_32(25) READ_32(26)
READ_32(27) READ_32(28) READ_32(29) READ_32(30) READ_32(31) READ_32(32)
READ_64(0) READ_64(1) READ_64(2) READ_64(3) READ_64(4) READ_64(5) READ_64(6) READ_64(7)
READ_64(8) READ_64(9) READ_64(10) READ_64(11) READ_64(12) READ_64(13) READ_64(14) READ_64(15)
HWIRQ_ACCEPTED(context_fields, 4 + 2) READ(16, 64)	/* timestamp */
READ_64(17) READ_64(18) READ_64(19) READ_64(20) READ_64(21) READ_64(22) READ_64(23)
READ_64(24) READ_64(25) READ_64(26) READ_64(27) READ_64(28) READ_64(29) READ_64(30)
READ_64(31) READ_64(32)

#define READ_S8(off)	REFUSED_READ_SIGNED(off, 8, 1, LDSX_B)
#define READ_S16(off)	REFUSED_READ_SIGNED(off, 16, 2, LDSX_H)
#define READ_S32(off)	REFUSED_READ_SIGNED(off, 32, 4, LDSX_W)
EACH_OFFSET(READ_S8)
EACH_OFFSET(READ_S16)
/* A pointer has no sign, a number may have one. */
READ_S32(0) READ_S32(1) READ_S32(2) READ_S32(3) READ_S32(4) READ_S32(5) READ_S32(6) READ_S32(7)
HWIRQ_ACCEPTED(context_fields, 4 + 2) READ_SIGNED(8, 32, LDSX_W)
READ_S32(9) READ_S32(10) READ_S32(11)
HWIRQ_ACCEPTED(context_fields, 4 + 2) READ_SIGNED(12, 32, LDSX_W)
READ_S32(13) READ_S32(14) READ_S32(15) READ_S32(16) READ_S32(17) READ_S32(18) READ_S32(19)
READ_S32(20) READ_S32(21) READ_S32(22) READ_S32(23) READ_S32(24) READ_S32(25) READ_S32(26)
READ_S32(27) READ_S32(28) READ_S32(29) READ_S32(30) READ_S32(31) READ_S32(32)

#define WRITE_8(off)	WRITE(off, 8, 1) WRITE_CONSTANT(off, 8, 1, 0x72)
#define WRITE_16(off)	WRITE(off, 16, 2) WRITE_CONSTANT(off, 16, 2, 0x6a)
#define WRITE_32(off)	WRITE(off, 32, 4) WRITE_CONSTANT(off, 32, 4, 0x62)
#define WRITE_64(off)	WRITE(off, 64, 8) WRITE_CONSTANT(off, 64, 8, 0x7a)
EACH_OFFSET(WRITE_8)
EACH_OFFSET(WRITE_16)
EACH_OFFSET(WRITE_32)
EACH_OFFSET(WRITE_64)

/* The neighbour of the writes: a copy on the stack. */
HWIRQ_ACCEPTED(context_read_only, 4 + 1 + 2)
SEC("hwirq") __naked int write_to_copy(void)
{
	asm volatile("r0 = *(u32 *)(r1 + 12);"
		     "*(u32 *)(r10 - 4) = r0;" PASS);
}

HWIRQ_REFUSED(context_read_only, EACCES,
	      "BPF_ATOMIC stores into R1 ctx is not allowed")
SEC("hwirq") __naked int atomic_add(void)
{
	asm volatile("r0 = 2;"
		     "lock *(u32 *)(r1 + 12) += r0;"
		     "exit;");
}

/* The pointer itself. */

HWIRQ_REFUSED(context_pointer, EACCES,
	      "invalid bpf_context access off=-4 size=4")
SEC("hwirq") __naked int before_start(void)
{
	asm volatile("r0 = *(u32 *)(r1 - 4);" PASS);
}

HWIRQ_ACCEPTED(context_pointer, 1 + 1 + 4 + 2)
SEC("hwirq") __naked int moved_and_back(void)
{
	asm volatile("r1 += 12; r1 += -12; r0 = *(u32 *)(r1 + 12);" PASS);
}

HWIRQ_REFUSED(context_pointer, EACCES,
	      "dereference of modified ctx ptr R1 off=12 disallowed")
SEC("hwirq") __naked int moved(void)
{
	asm volatile("r1 += 12; r0 = *(u32 *)(r1 + 0);" PASS);
}

HWIRQ_REFUSED(context_pointer, EACCES,
	      "variable ctx access var_off=(0x0; 0x4) disallowed")
SEC("hwirq") __naked int moved_by_variable(void)
{
	asm volatile("r2 = *(u32 *)(r1 + 12); r2 &= 4; r1 += r2;"
		     "r0 = *(u32 *)(r1 + 8);" PASS);
}

HWIRQ_ACCEPTED(context_pointer, 1 + 1 + 4 + 2)
SEC("hwirq") __naked int spilled(void)
{
	asm volatile("*(u64 *)(r10 - 8) = r1;"
		     "r2 = *(u64 *)(r10 - 8);"
		     "r0 = *(u32 *)(r2 + 12);" PASS);
}

/* The stack slot no longer holds a pointer once part of it was overwritten. */
HWIRQ_REFUSED(context_pointer, EACCES,
	      "R2 invalid mem access 'scalar'")
SEC("hwirq") __naked int spilled_and_damaged(void)
{
	asm volatile("*(u64 *)(r10 - 8) = r1;"
		     "r0 = 0;"
		     "*(u8 *)(r10 - 8) = r0;"
		     "r2 = *(u64 *)(r10 - 8);"
		     "r0 = *(u32 *)(r2 + 12);" PASS);
}

static __attribute__((noinline, used)) int queue_of(struct hwirq_md *ctx)
{
	return ctx->rx_queue_index;
}

HWIRQ_ACCEPTED(context_pointer, 1 + 4 + 1 + 2)
SEC("hwirq") __naked int passed_to_function(void)
{
	asm volatile("call %[queue_of];" PASS :: IMM(queue_of) : __clobber_all);
}
