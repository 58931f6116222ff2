// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Direct packet access: nothing beyond what was compared with data_end. */
#include "expect.h"

HWIRQ_RULE(packet_bounds,
	   "A byte of the frame may be read or written after the program has compared its position with data_end.",
	   "A frame may be shorter than its headers say. A load beyond the receive buffer in the interrupt handler is a crash, or a leak.",
	   "Compare data + offset + size with data_end before the access, and return if it is beyond.")

HWIRQ_RULE(packet_variable_offset,
	   "A variable offset into the frame has an upper bound, is not negative, and is compared with data_end after it was added.",
	   "Lengths in a frame come from strangers.",
	   "Mask or compare the length first, add it to the packet pointer, then compare that pointer with data_end.")

HWIRQ_RULE(packet_pointer,
	   "Packet pointers are neither multiplied nor dereferenced at data_end, nor subject to atomic operations.",
	   "The bounds that the verifier keeps for a packet pointer survive additions only. Nobody else touches the frame meanwhile, so there is nothing that an atomic operation would protect.",
	   "Compute offsets as numbers and add them once; read, change, then write.")

HWIRQ_ACCEPTED(packet_bounds, 4 + 4 + 3 + 1 + 2)
SEC("hwirq") __naked int read_last(void)
{
	asm volatile(PARSE(14) "r0 = *(u8 *)(r2 + 13);" PASS);
}

HWIRQ_REFUSED(packet_bounds, EACCES,
	      "invalid access to packet, off=14 size=1, R2(id=0,off=14,r=14)")
SEC("hwirq") __naked int read_past_end(void)
{
	asm volatile(PARSE(14) "r0 = *(u8 *)(r2 + 14);" PASS);
}

HWIRQ_REFUSED(packet_bounds, EACCES,
	      "invalid access to packet, off=12 size=4, R2(id=0,off=12,r=14)")
SEC("hwirq") __naked int read_across_end(void)
{
	asm volatile(PARSE(14) "r0 = *(u32 *)(r2 + 12);" PASS);
}

HWIRQ_REFUSED(packet_bounds, EACCES,
	      "invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)")
SEC("hwirq") __naked int read_before_check(void)
{
	asm volatile("r2 = *(u32 *)(r1 + 0); r0 = *(u8 *)(r2 + 0);" PASS);
}

HWIRQ_REFUSED(packet_bounds, EACCES,
	      "invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)")
SEC("hwirq") __naked int read_on_short_branch(void)
{
	asm volatile("r2 = *(u32 *)(r1 + 0);"
		     "r3 = *(u32 *)(r1 + 4);"
		     "r4 = r2;"
		     "r4 += 14;"
		     "if r4 <= r3 goto +1;"
		     "r0 = *(u8 *)(r2 + 0);" PASS);
}

HWIRQ_REFUSED(packet_bounds, EACCES,
	      "invalid access to packet, off=-1 size=1, R2(id=0,off=-1,r=14)")
SEC("hwirq") __naked int read_before_start(void)
{
	asm volatile(PARSE(14) "r0 = *(u8 *)(r2 - 1);" PASS);
}

/* Comparing with "<" instead of "<=" proves one byte more than needed. */
HWIRQ_ACCEPTED(packet_bounds, 4 + 4 + 3 + 1 + 2)
SEC("hwirq") __naked int strictly_less(void)
{
	asm volatile("r2 = *(u32 *)(r1 + 0);"
		     "r3 = *(u32 *)(r1 + 4);"
		     "r4 = r2;"
		     "r4 += 13;"
		     "if r4 < r3 goto +2;"
		     "r0 = 1;"
		     "exit;"
		     "r0 = *(u8 *)(r2 + 13);" PASS);
}

/* The comparison the wrong way round. */
HWIRQ_REFUSED(packet_bounds, EACCES,
	      "invalid access to packet, off=13 size=1, R2(id=0,off=13,r=0)")
SEC("hwirq") __naked int wrong_way_round(void)
{
	asm volatile("r2 = *(u32 *)(r1 + 0);"
		     "r3 = *(u32 *)(r1 + 4);"
		     "r4 = r2;"
		     "r4 += 14;"
		     "if r4 >= r3 goto +2;"
		     "r0 = 1;"
		     "exit;"
		     "r0 = *(u8 *)(r2 + 13);" PASS);
}

#define SIZES(M) M(8, 13) M(16, 12) M(32, 10) M(64, 6)
#define ACCEPTED_SIZE(bits, off)						\
	HWIRQ_ACCEPTED(packet_bounds, 11 + 1 + 2)				\
	SEC("hwirq") __naked int read_u##bits(void)				\
	{									\
		asm volatile(PARSE(14) "r0 = *(u" #bits " *)(r2 + " #off ");" PASS); \
	}									\
	HWIRQ_ACCEPTED(packet_bounds, 11 + 1 + 1 + 2)				\
	SEC("hwirq") __naked int write_u##bits(void)				\
	{									\
		asm volatile(PARSE(14) "r0 = 0;"				\
			     "*(u" #bits " *)(r2 + " #off ") = r0;" PASS);	\
	}
SIZES(ACCEPTED_SIZE)

HWIRQ_REFUSED(packet_bounds, EACCES,
	      "invalid access to packet, off=14 size=1, R2(id=0,off=14,r=14)")
SEC("hwirq") __naked int write_past_end(void)
{
	asm volatile(PARSE(14) "r0 = 0; *(u8 *)(r2 + 14) = r0;" PASS);
}

HWIRQ_REFUSED(packet_bounds, EACCES,
	      "invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)")
SEC("hwirq") __naked int write_before_check(void)
{
	asm volatile("r2 = *(u32 *)(r1 + 0); r0 = 0; *(u8 *)(r2 + 0) = r0;" PASS);
}

/* An unaligned access is fine on x86, unless the flag asks for strictness. */
HWIRQ_ACCEPTED(packet_bounds, 11 + 1 + 2)
SEC("hwirq") __naked int unaligned(void)
{
	asm volatile(PARSE(14) "r0 = *(u32 *)(r2 + 1);" PASS);
}

HWIRQ_REFUSED(packet_bounds, EACCES,
	      "misaligned packet access off 2+0+0+1 size 4")
HWIRQ_LOAD("flags=0x1")
SEC("hwirq") __naked int unaligned_but_strict(void)
{
	asm volatile(PARSE(14) "r0 = *(u32 *)(r2 + 1);" PASS);
}

/* Variable offsets: R5 from the frame. */
#define PARSE_VAR(bound)							\
	PARSE(14)								\
	"r5 = *(u8 *)(r2 + 13);"						\
	bound									\
	"r2 += r5;"
#define CHECK_VAR								\
	"r4 = r2;"								\
	"r4 += 4;"								\
	"if r4 <= r3 goto +2;"							\
	"r0 = 1;"								\
	"exit;"

HWIRQ_ACCEPTED(packet_variable_offset, 11 + 1 + 1 + 3 + 1 + 2)
SEC("hwirq") __naked int variable(void)
{
	asm volatile(PARSE_VAR("") CHECK_VAR "r0 = *(u32 *)(r2 + 0);" PASS);
}

HWIRQ_REFUSED(packet_variable_offset, EACCES,
	      "invalid access to packet, off=0 size=4, R2(id=1,off=0,r=0)")
SEC("hwirq") __naked int variable_unchecked(void)
{
	asm volatile(PARSE_VAR("") "r0 = *(u32 *)(r2 + 0);" PASS);
}

HWIRQ_REFUSED(packet_variable_offset, EACCES,
	      "invalid access to packet, off=1 size=4, R2(id=1,off=1,r=4)")
SEC("hwirq") __naked int variable_past_end(void)
{
	asm volatile(PARSE_VAR("") CHECK_VAR "r0 = *(u32 *)(r2 + 1);" PASS);
}

/* The check holds for the pointer that was compared, not for one made later. */
HWIRQ_REFUSED(packet_variable_offset, EACCES,
	      "invalid access to packet, off=0 size=4, R2(id=2,off=0,r=0)")
SEC("hwirq") __naked int variable_added_twice(void)
{
	asm volatile(PARSE_VAR("") CHECK_VAR "r2 += r5; r0 = *(u32 *)(r2 + 0);" PASS);
}

HWIRQ_REFUSED(packet_variable_offset, EACCES,
	      "R2 min value is negative, either use unsigned index or do a if (index >=0) check.")
SEC("hwirq") __naked int variable_negative(void)
{
	asm volatile(PARSE_VAR("r5 &= 1; r5 -= 1;") CHECK_VAR "r0 = *(u32 *)(r2 + 0);" PASS);
}

/* 16 bits are as much as an offset may have. */
HWIRQ_ACCEPTED(packet_variable_offset, 11 + 1 + 1 + 1 + 3 + 1 + 2)
SEC("hwirq") __naked int variable_from_field(void)
{
	asm volatile(PARSE_VAR("r5 <<= 7;") CHECK_VAR "r0 = *(u32 *)(r2 + 0);" PASS);
}

HWIRQ_REFUSED(packet_variable_offset, EACCES,
	      "invalid access to packet, off=0 size=4, R2(id=1,off=0,r=0)")
SEC("hwirq") __naked int variable_too_large(void)
{
	asm volatile(PARSE_VAR("r5 <<= 9;") CHECK_VAR "r0 = *(u32 *)(r2 + 0);" PASS);
}

HWIRQ_REFUSED(packet_variable_offset, EINVAL,
	      "math between pkt pointer and register with unbounded min value is not allowed")
SEC("hwirq") __naked int variable_unbounded(void)
{
	asm volatile(PARSE(14)
		     "r5 = *(u64 *)(r2 + 0);"
		     "r2 += r5;" CHECK_VAR "r0 = *(u32 *)(r2 + 0);" PASS);
}

/* The pointers as such. */

HWIRQ_REFUSED(packet_pointer, EACCES,
	      "R3 invalid mem access 'pkt_end'")
SEC("hwirq") __naked int read_at_data_end(void)
{
	asm volatile(PARSE(14) "r0 = *(u8 *)(r3 + 0);" PASS);
}

HWIRQ_REFUSED(packet_pointer, EACCES,
	      "R3 pointer arithmetic on pkt_end prohibited")
SEC("hwirq") __naked int data_end_minus(void)
{
	asm volatile(PARSE(14) "r3 -= 4; r0 = *(u32 *)(r3 + 0);" PASS);
}

HWIRQ_REFUSED(packet_pointer, EACCES,
	      "R2 pointer arithmetic with *= operator prohibited")
SEC("hwirq") __naked int multiplied(void)
{
	asm volatile(PARSE(14) "r2 *= 2; r0 = *(u8 *)(r2 + 0);" PASS);
}

HWIRQ_REFUSED(packet_pointer, EACCES,
	      "BPF_ATOMIC stores into R2 pkt is not allowed")
SEC("hwirq") __naked int atomic_on_frame(void)
{
	asm volatile(PARSE(14) "r0 = 1; lock *(u32 *)(r2 + 0) += r0;" PASS);
}

HWIRQ_ACCEPTED(packet_pointer, 11 + 1 + 1 + 1 + 2)
SEC("hwirq") __naked int add_on_frame(void)
{
	asm volatile(PARSE(14) "r0 = *(u32 *)(r2 + 0); r0 += 1; *(u32 *)(r2 + 0) = r0;" PASS);
}

/* The length of the frame is a number like any other. */
HWIRQ_ACCEPTED(packet_pointer, 4 + 4 + 1 + 1 + 2)
SEC("hwirq") __naked int length(void)
{
	asm volatile("r2 = *(u32 *)(r1 + 0);"
		     "r3 = *(u32 *)(r1 + 4);"
		     "r3 -= r2;"
		     "r3 &= 0xffff;" PASS);
}

/* The same in C, as programs are written. */
HWIRQ_ACCEPTED_UPTO(packet_bounds, 40)
SEC("hwirq") int swap_macs(struct hwirq_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, byte;
	int i;

	if (data + 12 > end)
		return HWIRQ_DROP;
	for (i = 0; i < 6; i++) {
		byte = data[i];
		data[i] = data[i + 6];
		data[i + 6] = byte;
	}
	return HWIRQ_TX;
}

HWIRQ_REFUSED(packet_bounds, EACCES,
	      "invalid access to packet, off=11 size=1, R1(id=0,off=11,r=11)")
SEC("hwirq") int swap_macs_of_short_frame(struct hwirq_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, byte;
	int i;

	if (data + 11 > end)
		return HWIRQ_DROP;
	for (i = 0; i < 6; i++) {
		byte = data[i];
		data[i] = data[i + 6];
		data[i + 6] = byte;
	}
	return HWIRQ_TX;
}
