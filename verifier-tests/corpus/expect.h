/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a program of the corpus says what the kernel has to make of it. The macros
 * become BTF declaration tags, which ../verify.c reads from the object file.
 *
 *	HWIRQ_RULE(verdict_range, "A program returns ...", "The driver ...", "Return ...")
 *
 *	HWIRQ_ACCEPTED(verdict_range, 2)
 *	SEC("hwirq") __naked int tx(void)
 *	{
 *		asm volatile("r0 = 3; exit;");
 *	}
 *
 *	HWIRQ_REFUSED(verdict_range, EINVAL, "a whole line of the verifier log")
 *	SEC("hwirq") __naked int four(void) ...
 *
 * Each rule needs at least one of either, and each program that is refused the
 * message that says why. Put next to each other programs that differ in what flips
 * the verdict, and in nothing else. A program whose cost is exact is written in
 * assembly: what a compiler makes of C is no business of the corpus.
 */
#ifndef CORPUS_EXPECT_H
#define CORPUS_EXPECT_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <hwirq_abi.h>

#define HWIRQ_TAG(text)	__attribute__((btf_decl_tag("hwirq:" text)))
#define HWIRQ_STR_(x)	#x
#define HWIRQ_STR(x)	HWIRQ_STR_(x)

/* A rule: one sentence, why it is one in hard IRQ, and what to do instead. */
#define HWIRQ_RULE(id, text, why, instead)				\
	HWIRQ_RULE_OVER(id, "", text, why, instead)

/* The same, and each enumerator of this enum of the running kernel that begins with
 * PREFIX needs a program with HWIRQ_COVERS(), so that a new one cannot slip through.
 */
#define HWIRQ_RULE_OVER(id, enum_and_prefix, text, why, instead)	\
	HWIRQ_TAG("over=" enum_and_prefix) HWIRQ_TAG("text=" text)	\
	HWIRQ_TAG("why=" why) HWIRQ_TAG("instead=" instead)		\
	const char hwirq_rule_##id SEC("hwirq.rules") __attribute__((used)) = 0;

/* Accepted; the cost of the longest path is COST, or at most COST. */
#define HWIRQ_ACCEPTED(rule, cost)					\
	HWIRQ_TAG("rule=" #rule) HWIRQ_TAG("cost=" HWIRQ_STR(cost))
#define HWIRQ_ACCEPTED_UPTO(rule, cost)					\
	HWIRQ_TAG("rule=" #rule) HWIRQ_TAG("cost<=" HWIRQ_STR(cost))
/* Accepted, but of a type that has no path cost. */
#define HWIRQ_ACCEPTED_UNCOUNTED(rule)					\
	HWIRQ_TAG("rule=" #rule) HWIRQ_TAG("cost=none")

/* Refused with this error, and this line in the verifier log. */
#define HWIRQ_REFUSED(rule, error, message)				\
	HWIRQ_TAG("rule=" #rule) HWIRQ_TAG("errno=" #error)		\
	HWIRQ_TAG("message=" message)
/* One more line that has to be there, whatever the verdict. */
#define HWIRQ_ALSO(message)	HWIRQ_TAG("also=" message)
/* The message goes to the kernel log, because the verifier's is closed. */
#define HWIRQ_REFUSED_BY_KERNEL_LOG(rule, error, message)		\
	HWIRQ_TAG("rule=" #rule) HWIRQ_TAG("errno=" #error)		\
	HWIRQ_TAG("kernel_log=" message)
/* The system call refuses it before there is a log, as for any program type: all
 * that the user sees is the error.
 */
#define HWIRQ_REFUSED_BEFORE_LOG(rule, error)				\
	HWIRQ_TAG("rule=" #rule) HWIRQ_TAG("errno=" #error)		\
	HWIRQ_TAG("before_log=yes")

/* How to load it; any number of
 *	"flags=0x10"		prog_flags
 *	"attach_type=37"	expected_attach_type
 *	"ifindex=1"		prog_ifindex
 *	"target=PROGRAM"	load this program of the same file first, attach to it
 *	"maps=A,B"		create only these of the file's maps (needed if some
 *				cannot exist in each kernel)
 *	"freeze=A"		user space gives up writing to the map
 *	"struct_ops=TYPE"	what LD_MAP_FD loads, a map of this struct of the kernel
 *	"kfunc=NAME"		what KFUNC_CALL calls
 *	"btf_id=NAME"		what LD_BTF_ID loads, a function of the kernel
 *	"caps=-a,-b"		without these capabilities
 *	"userns=yes"		as root of a new user namespace
 *	"sysctl=NAME=VALUE"	for the time of the test
 */
#define HWIRQ_LOAD(what)	HWIRQ_TAG("load=" what)

/* Skipped, and listed as such, unless the kernel has it; see needs[] in verify.c. */
#define HWIRQ_NEEDS(what)	HWIRQ_TAG("needs=" what)

#define HWIRQ_COVERS(enumerator)	HWIRQ_TAG("covers=" enumerator)

/* No test, but the target of one. */
#define HWIRQ_INGREDIENT	HWIRQ_TAG("ingredient=yes")

#define __naked		__attribute__((naked))
#define __clobber_all	"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory"
#define IMM(name)	[name] "i"(name)
#define IMM_ADDR(name)	[name] "i"(&name)

/* Instructions that clang 14 cannot assemble: code, destination, source, offset,
 * immediate. Operands are literal numbers.
 */
#define INSN(code, dst, src, off, imm)					\
	".byte " #code ", " #dst " + 16 * " #src ";"			\
	".2byte " #off ";"						\
	".4byte " #imm ";"
#define LDSX_B(dst, src, off)	INSN(0x91, dst, src, off, 0)
#define LDSX_H(dst, src, off)	INSN(0x89, dst, src, off, 0)
#define LDSX_W(dst, src, off)	INSN(0x81, dst, src, off, 0)
#define MAY_GOTO(off)		INSN(0xe5, 0, 0, off, 0)
#define LD_ABS_B(off)		INSN(0x30, 0, 0, 0, off)
#define LD_IND_B(src, off)	INSN(0x50, 0, src, 0, off)
#define KFUNC_CALL		INSN(0x85, 0, 2, 0, -1)
#define LD_MAP_FD(dst)		INSN(0x18, dst, 1, 0, -1) INSN(0, 0, 0, 0, 0)
#define LD_BTF_ID(dst)		INSN(0x18, dst, 3, 0, -1) INSN(0, 0, 0, 0, 0)

/* R2 = data, R3 = data_end; leave with HWIRQ_DROP unless there are LEN bytes. Costs
 * 11, and 2 more to leave.
 */
#define PARSE(len)							\
	"r2 = *(u32 *)(r1 + 0);"					\
	"r3 = *(u32 *)(r1 + 4);"					\
	"r4 = r2;"							\
	"r4 += " #len ";"						\
	"if r4 <= r3 goto +2;"						\
	"r0 = 1;"							\
	"exit;"
#define PASS	"r0 = 2; exit;"		/* costs 2 */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#endif /* CORPUS_EXPECT_H */
