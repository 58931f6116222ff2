// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loops and the longest path. */
#include "expect.h"

HWIRQ_RULE(path_limit,
	   "The longest path through a program costs at most kernel.bpf_hwirq_max_path, 4096 by default; that bounds its loops, too.",
	   "While the program runs, nothing else does on its CPU. What has no proven bound would stop the machine.",
	   "Give loops a lower constant bound, or move work behind HWIRQ_PASS; root may raise the sysctl up to 65536.")

HWIRQ_RULE(loop_progress,
	   "A loop changes something that its condition depends on.",
	   "Otherwise it never ends.",
	   "Count, and compare with a constant.")

HWIRQ_RULE(unbounded_loops,
	   "may_goto and callbacks, the loops that the kernel bounds at run time, cannot be used.",
	   "Their bound is millions of rounds, and the verifier does not follow each.",
	   "A plain loop with a constant bound, which the verifier follows to the end.")

#define TOO_LONG "hwirq programs cannot have longer paths; shorten it, give loops a lower constant bound, or raise kernel.bpf_hwirq_max_path"

#define LOOP(rounds)	"r6 = 0; r6 += 1; if r6 < " #rounds " goto -2;"

HWIRQ_ACCEPTED(path_limit, 1 + 1 + 2046 * 2 + 2)
SEC("hwirq") __naked int loop_of_4096(void)
{
	asm volatile("r7 = 0;" LOOP(2046) PASS);
}

HWIRQ_REFUSED(path_limit, E2BIG, TOO_LONG)
HWIRQ_ALSO("path cost 4097 exceeds the limit 4096 at insn 6")
SEC("hwirq") __naked int loop_of_4097(void)
{
	asm volatile("r7 = 0; r8 = 0;" LOOP(2046) PASS);
}

HWIRQ_REFUSED(path_limit, E2BIG, TOO_LONG)
HWIRQ_ALSO("path cost 4097 exceeds the limit 4096 at insn 4")
SEC("hwirq") __naked int loop_of_one_more_round(void)
{
	asm volatile("r7 = 0;" LOOP(2047) PASS);
}

HWIRQ_ACCEPTED(path_limit, 4095 + 1)
SEC("hwirq") __naked int straight_4096(void)
{
	asm volatile(".rept 4095; r0 = 2; .endr; exit;");
}

HWIRQ_REFUSED(path_limit, E2BIG, TOO_LONG)
HWIRQ_ALSO("path cost 4097 exceeds the limit 4096 at insn 4096")
SEC("hwirq") __naked int straight_4097(void)
{
	asm volatile(".rept 4096; r0 = 2; .endr; exit;");
}

/* Code that is never reached costs nothing. */
HWIRQ_ACCEPTED(path_limit, 1 + 1 + 1 + 1)
SEC("hwirq") __naked int dead_code(void)
{
	asm volatile("r0 = 2; r1 = 0; if r1 == 0 goto +5000; .rept 5000; r0 = 2; .endr; exit;");
}

/* Nor does the sum of all branches count, but the longest of them. */
HWIRQ_ACCEPTED(path_limit, 4 + 1 + 3000 + 2)
SEC("hwirq") __naked int two_long_branches(void)
{
	asm volatile("r1 = *(u32 *)(r1 + 12);"
		     "if r1 == 7 goto +3002;"
		     ".rept 3000; r0 = 2; .endr; r0 = 2; exit;"
		     ".rept 3000; r0 = 2; .endr; r0 = 2; exit;");
}

HWIRQ_REFUSED(path_limit, E2BIG, TOO_LONG)
SEC("hwirq") __naked int two_long_parts(void)
{
	asm volatile("r1 = *(u32 *)(r1 + 12);"
		     ".rept 3000; r0 = 2; .endr;"
		     ".rept 3000; r0 = 2; .endr; exit;");
}

/* if r6 & bit goto +off */
#define IF_BIT(off)	".byte 0x45, 6; .2byte " #off "; .4byte \\bit;"

/* 2^20 paths, the states of which are pruned; the longest takes each long arm. */
#define DIAMONDS(arm) \
	".irp bit, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384," \
		  "32768, 65536, 131072, 262144, 524288;" arm ".endr;"

HWIRQ_ACCEPTED(path_limit, 4 + 20 * 11 + 2)
SEC("hwirq") __naked int diamonds_long_arm_first(void)
{
	asm volatile("r6 = *(u32 *)(r1 + 12);"
		     DIAMONDS(IF_BIT(10) ".rept 10; r0 = 0; .endr;") PASS);
}

HWIRQ_ACCEPTED(path_limit, 4 + 20 * 11 + 2)
SEC("hwirq") __naked int diamonds_short_arm_first(void)
{
	asm volatile("r6 = *(u32 *)(r1 + 12);"
		     DIAMONDS(IF_BIT(2) "r0 = 0; goto +10; .rept 10; r0 = 0; .endr;") PASS);
}

/* The bound comes from the frame, its limit is known. */
HWIRQ_ACCEPTED(path_limit, 11 + 1 + 1 + 255 * 3 + 1 + 2)
SEC("hwirq") __naked int rounds_from_frame(void)
{
	asm volatile(PARSE(14)
		     "r5 = *(u8 *)(r2 + 12);"
		     "r6 = 0;"
		     "if r6 >= r5 goto +2;"
		     "r6 += 1;"
		     "goto -3;" PASS);
}

HWIRQ_REFUSED(path_limit, E2BIG, TOO_LONG)
SEC("hwirq") __naked int rounds_from_frame_16_bits(void)
{
	asm volatile(PARSE(14)
		     "r5 = *(u16 *)(r2 + 12);"
		     "r6 = 0;"
		     "if r6 >= r5 goto +2;"
		     "r6 += 1;"
		     "goto -3;" PASS);
}

/* What is known of a pointer and the end of the frame does not move with the pointer: here
 * to the start of the frame, whatever the frame's length. Without a frame of 100 bytes there
 * are many rounds, which the verifier has to see.
 */
#define MOVED(rounds, comparison, move)					\
	"r2 = *(u32 *)(r1 + 0); r3 = *(u32 *)(r1 + 4); r5 = 1;"		\
	"r7 = " #rounds "; r4 = r2; r4 += 100;"				\
	"if r4 " comparison " r3 goto +1; r7 = 1;"			\
	move " if r4 " comparison " r3 goto +2;"			\
	"r7 -= 1; if r7 != 0 goto -2;" PASS

#define MOVED_REFUSED(name, comparison, move)				\
	HWIRQ_REFUSED(path_limit, E2BIG, TOO_LONG)			\
	SEC("hwirq") __naked int name(void)				\
	{								\
		asm volatile(MOVED(100000, comparison, move));		\
	}
MOVED_REFUSED(moved_from_beyond_the_end, ">", "r4 -= 100;")
MOVED_REFUSED(moved_from_the_end, ">=", "r4 -= 100;")
MOVED_REFUSED(moved_by_adding, ">", "r4 += -100;")
MOVED_REFUSED(moved_by_register, ">", "r5 *= 100; r4 -= r5;")
MOVED_REFUSED(moved_by_unknown, ">", "r5 = *(u32 *)(r1 + 12); r5 &= 127; r4 -= r5;")

HWIRQ_ACCEPTED(path_limit, 4 + 4 + 1 + 3 + 1 + 2 + 2 * 1000 + 2)
SEC("hwirq") __naked int moved_with_few_rounds(void)
{
	asm volatile(MOVED(1000, ">", "r4 -= 100;"));
}

/* The same pointer again: whoever gets behind the second comparison has one round. */
HWIRQ_ACCEPTED(path_limit, 4 + 4 + 1 + 3 + 1 + 1 + 1 + 2 * 1 + 2)
SEC("hwirq") __naked int not_moved(void)
{
	asm volatile(MOVED(100000, ">", ""));
}

/* A second condition that is a constant makes it short enough. */
HWIRQ_ACCEPTED(path_limit, 11 + 1 + 1 + 100 * 4 + 2 + 2)
SEC("hwirq") __naked int rounds_from_frame_limited(void)
{
	asm volatile(PARSE(14)
		     "r5 = *(u16 *)(r2 + 12);"
		     "r6 = 0;"
		     "if r6 >= r5 goto +3;"
		     "if r6 >= 100 goto +2;"
		     "r6 += 1;"
		     "goto -4;" PASS);
}

/* Leaves early if the frame says so: the longest path is found last. */
HWIRQ_ACCEPTED(path_limit, 4 + 1 + 100 * 3 + 2)
SEC("hwirq") __naked int early_exit(void)
{
	asm volatile("r7 = *(u32 *)(r1 + 12);"
		     "r6 = 0;"
		     "if r6 == r7 goto +2;"
		     "r6 += 1;"
		     "if r6 < 100 goto -3;" PASS);
}

/* 10 rounds of 10 rounds */
HWIRQ_ACCEPTED(path_limit, 1 + 10 * (1 + 10 * 2 + 2) + 2)
SEC("hwirq") __naked int nested(void)
{
	asm volatile("r6 = 0;"
		     "r7 = 0;"
		     "r7 += 1;"
		     "if r7 < 10 goto -2;"
		     "r6 += 1;"
		     "if r6 < 10 goto -5;" PASS);
}

HWIRQ_REFUSED(path_limit, E2BIG, TOO_LONG)
SEC("hwirq") __naked int nested_too_deep(void)
{
	asm volatile("r6 = 0;"
		     "r7 = 0;"
		     "r7 += 1;"
		     "if r7 < 100 goto -2;"
		     "r6 += 1;"
		     "if r6 < 100 goto -5;" PASS);
}

HWIRQ_REFUSED(path_limit, E2BIG, TOO_LONG)
SEC("hwirq") __naked int until_a_number_comes(void)
{
	asm volatile("r7 = *(u32 *)(r1 + 12);"
		     "r6 = 0;"
		     "r6 += 1;"
		     "if r6 != r7 goto -2;" PASS);
}

/* As compilers write it. */
HWIRQ_ACCEPTED_UPTO(path_limit, 3000)
SEC("hwirq") int sum_of_frame(struct hwirq_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 sum = 0;
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < 256; i++) {
		if (data + i + 1 > end)
			break;
		sum += data[i];
	}
	return sum & 1 ? HWIRQ_PASS : HWIRQ_DROP;
}

HWIRQ_REFUSED(path_limit, E2BIG, TOO_LONG)
SEC("hwirq") int sum_of_jumbo_frame(struct hwirq_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 sum = 0;
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < 9000; i++) {
		if (data + i + 1 > end)
			break;
		sum += data[i];
	}
	return sum & 1 ? HWIRQ_PASS : HWIRQ_DROP;
}

/* No progress */

HWIRQ_ACCEPTED(loop_progress, 1 + 4 * 2 + 2)
SEC("hwirq") __naked int counts(void)
{
	asm volatile("r6 = 0; r6 += 1; if r6 != 4 goto -2;" PASS);
}

HWIRQ_REFUSED(loop_progress, EINVAL,
	      "infinite loop detected at insn 1")
SEC("hwirq") __naked int counts_nothing(void)
{
	asm volatile("r6 = 0; r7 = r6; if r6 != 4 goto -2;" PASS);
}

HWIRQ_REFUSED(loop_progress, EINVAL,
	      "infinite loop detected at insn 2")
SEC("hwirq") __naked int goto_itself(void)
{
	asm volatile("r0 = 2; if r1 == 0 goto +1; goto -1; exit;");
}

/* Counts past its goal: the limit of the path ends it. */
HWIRQ_REFUSED(loop_progress, E2BIG, TOO_LONG)
SEC("hwirq") __naked int counts_past_goal(void)
{
	asm volatile("r6 = 0; r6 += 2; if r6 != 5 goto -2;" PASS);
}

/* Bounded by the kernel at run time only */

HWIRQ_REFUSED(unbounded_loops, EINVAL,
	      "hwirq programs cannot use may_goto (insn 0): it allows millions of iterations; use a loop with a constant bound")
SEC("hwirq") __naked int may_goto(void)
{
	asm volatile(MAY_GOTO(1) "goto -2;" PASS);
}

HWIRQ_ACCEPTED(unbounded_loops, 1 + 10 * 2 + 2)
SEC("hwirq") __naked int constant_bound(void)
{
	asm volatile(LOOP(10) PASS);
}

static __attribute__((noinline, used)) int callback(int i, void *data)
{
	return 0;
}

#define CALLBACK_REFUSED "hwirq programs cannot use callback function 'callback' (insn 1): the number of calls has no bound; use a loop with a constant bound"

/* Wherever it would be called from: bpf_loop(), ... */
HWIRQ_REFUSED(unbounded_loops, EINVAL, CALLBACK_REFUSED)
SEC("hwirq") __naked int callback_of_loop(void)
{
	asm volatile("r1 = 10; r2 = %[callback] ll; r3 = 0; r4 = 0; call 181;" PASS
		     :: [callback] "i"(callback) : __clobber_all);
}

/* ... bpf_for_each_map_elem(), ... */
HWIRQ_REFUSED(unbounded_loops, EINVAL, CALLBACK_REFUSED)
SEC("hwirq") __naked int callback_of_for_each(void)
{
	asm volatile("r1 = 0; r2 = %[callback] ll; r3 = 0; r4 = 0; call 164;" PASS
		     :: [callback] "i"(callback) : __clobber_all);
}

/* ... or bpf_timer_set_callback() */
HWIRQ_REFUSED(unbounded_loops, EINVAL, CALLBACK_REFUSED)
SEC("hwirq") __naked int callback_of_timer(void)
{
	asm volatile("r1 = 0; r2 = %[callback] ll; call 170;" PASS
		     :: [callback] "i"(callback) : __clobber_all);
}
