// SPDX-License-Identifier: GPL-2.0-only
/* Random programs that the verifier mostly accepts, and that do something.
 *
 * Registers: R6 is the context, R7 the packet, whose first 'plen' bytes are known
 * to exist, R8 and R9 are numbers. R0 to R5 hold numbers, too, as long as 'live'
 * says so. The stack of a function:
 *
 *	-8 .. -32	numbers
 *	-40 .. -64	loop counters, one for each depth
 *	-96 .. -65	a buffer for helpers
 *
 * That are 96 bytes, and at most five functions call each other.
 */
#include <string.h>

#include <linux/bpf.h>

#include "fuzz.h"

#define FUNCS		   5
#define SPILLS		   4
#define LOOP_SLOT(depth)   (-40 - 8 * (depth))
#define LOOPS_MAX	   3
#define BUFFER		   (-96)
#define BUFFER_SIZE	   32
#define FUNC_INSNS	   1500
#define BRANCHES_MAX	   60
#define BRANCHES_SANITIZED 5

#define CALLER_SAVED	   0x3f
#define NUMBERS		   0x33f /* R0 to R5, R8, R9 */

struct func {
	struct bpf_insn insn[FUNC_INSNS];
	int cnt;
	/* calls of other functions */
	struct {
		int at, target;
	} call[64];
	int calls;
	double cost; /* an estimate */
};

struct gen {
	struct rng *r;
	const struct mode *mode;
	struct func func[FUNCS];
	struct func *f;
	int self, funcs;
	unsigned int live;   /* registers that hold a number */
	unsigned int pinned; /* of R8 and R9: used by a loop, not to be written */
	unsigned int plen;
	bool sanitized; /* what the verifier accepts is little then */
	bool buffer;	/* initialized */
	bool holding;	/* a record of the ring: no way out */
	bool deterministic;
	int loops, nesting;
	double times; /* the program comes here at most */
	double budget;
	double branches; /* that a path may take: many are hard to verify */
};

static bool full(const struct gen *g)
{
	return g->f->cnt > FUNC_INSNS - 200;
}

static int emit(struct gen *g, struct bpf_insn insn)
{
	g->f->insn[g->f->cnt] = insn;
	g->f->cost += g->times * insn_weight(&insn, false, g->mode);
	return g->f->cnt++;
}

/* The forward jump at 'at' goes here. */
static void here(struct gen *g, int at)
{
	g->f->insn[at].off = g->f->cnt - at - 1;
}

static void back_to(struct gen *g, int top)
{
	struct func *f = g->f;

	f->insn[f->cnt - 1].off = top - f->cnt;
}

static int jump(struct gen *g)
{
	return emit(g, INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0));
}

static void mov_k(struct gen *g, int dst, int imm)
{
	emit(g, INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm));
}

static void mov_x(struct gen *g, int dst, int src)
{
	emit(g, INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0));
}

static void alu_k(struct gen *g, int op, int dst, int imm)
{
	emit(g, INSN(BPF_ALU64 | op | BPF_K, dst, 0, 0, imm));
}

static void call_helper(struct gen *g, int id, unsigned int bytes)
{
	emit(g, INSN(BPF_JMP | BPF_CALL, 0, 0, 0, id));
	g->f->cost += g->times * helper_weight(id, bytes);
	g->live = (g->live & ~CALLER_SAVED) | 1;
}

static int pick(struct rng *r, unsigned int mask)
{
	int n = below(r, __builtin_popcount(mask)), i;

	for (i = 0;; i++)
		if (mask & (1 << i) && n-- == 0)
			return i;
}

/* A register that may be overwritten. */
static int pick_dst(struct gen *g)
{
	/* R8 and R9 live longer */
	unsigned int mask = one_in(g->r, 3) ? CALLER_SAVED : 0x300;

	mask &= ~g->pinned;
	return pick(g->r, mask ? mask : CALLER_SAVED);
}

static int interesting(struct gen *g)
{
	static const int values[] = {
		0,	1,
		2,	3,
		7,	8,
		15,	16,
		63,	64,
		127,	128,
		255,	256,
		0x7fff, 0x8000,
		0xffff, 0x7fffffff,
		-1,	-2,
		-128,	-0x7fffffff - 1,
	};

	if (one_in(g->r, 3))
		return values[below(g->r, sizeof(values) / sizeof(values[0]))];
	return below(g->r, one_in(g->r, 2) ? 16 : 256);
}

static void ld_imm64(struct gen *g, int dst, int pseudo, int lo, int hi)
{
	emit(g, INSN(BPF_LD | BPF_IMM | BPF_DW, dst, pseudo, 0, lo));
	/* no instruction of its own */
	g->f->insn[g->f->cnt++] = INSN(0, 0, 0, 0, hi);
}

static const uint8_t sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };

static uint8_t load_mode(struct gen *g, int size)
{
	return size < 3 && one_in(g->r, 4) ? BPF_MEMSX : BPF_MEM;
}

/* Make it small, so that comparisons and bounds mean something. */
static void shrink(struct gen *g, int dst)
{
	static const int masks[] = { 1, 3, 7, 7, 15, 15, 31, 63, 6, 12, 255 };

	if (one_in(g->r, 6))
		emit(g, INSN(BPF_ALU | BPF_AND | BPF_K, dst, 0, 0,
			     masks[below(g->r, 11)]));
	else if (one_in(g->r, 6))
		alu_k(g, BPF_MOD, dst, 2 + below(g->r, 14));
	else if (one_in(g->r, 8))
		alu_k(g, BPF_RSH, dst, 56 + below(g->r, 7));
	else
		alu_k(g, BPF_AND, dst, masks[below(g->r, 11)]);
}

static void helper_number(struct gen *g, int dst)
{
	static const int ids[] = {
		BPF_FUNC_get_smp_processor_id,
		BPF_FUNC_get_smp_processor_id,
		BPF_FUNC_get_numa_node_id,
		BPF_FUNC_ktime_get_ns,
		BPF_FUNC_ktime_get_boot_ns,
		BPF_FUNC_ktime_get_tai_ns,
		BPF_FUNC_jiffies64,
		BPF_FUNC_get_prandom_u32,
	};
	int id = ids[below(g->r, g->deterministic ? 3 : 8)];

	call_helper(g, id, 0);
	if (dst)
		mov_x(g, dst, 0);
}

/* Set dst to a number that depends on the input, or does not. */
static void number(struct gen *g, int dst)
{
	int size = below(g->r, 4);

	switch (below(g->r, 14)) {
	case 0:
		mov_k(g, dst, interesting(g));
		break;
	case 1:
		if (one_in(g->r, 3))
			ld_imm64(g, dst, 0, interesting(g), interesting(g));
		else
			emit(g, INSN(BPF_ALU | BPF_MOV | BPF_K, dst, 0, 0,
				     interesting(g)));
		break;
	case 2:
		emit(g, INSN(BPF_LDX | BPF_MEM |
				     (one_in(g->r, 2) ? BPF_W : BPF_DW),
			     dst, BPF_REG_10,
			     -8 * (1 + (int)below(g->r, SPILLS)), 0));
		break;
	case 3:
		emit(g,
		     INSN(BPF_LDX | load_mode(g, size) | sizes[size], dst,
			  BPF_REG_10, -8 * (1 + (int)below(g->r, SPILLS)), 0));
		break;
	case 4:
		if (g->live)
			mov_x(g, dst, pick(g->r, g->live));
		else
			mov_k(g, dst, 1);
		break;
	case 5:
		emit(g, INSN(BPF_LDX | load_mode(g, 2) | BPF_W, dst, BPF_REG_6,
			     offsetof(struct hwirq_md, ingress_ifindex) +
				     4 * below(g->r, 2),
			     0));
		g->f->cost += 3 * g->times;
		break;
	case 6:
		emit(g, INSN(BPF_LDX | BPF_MEM | BPF_DW, dst, BPF_REG_6,
			     offsetof(struct hwirq_md, timestamp), 0));
		g->f->cost += 3 * g->times;
		break;
	case 7:
		ld_imm64(g, dst, BPF_PSEUDO_MAP_VALUE, world.rodata_fd,
			 below(g->r, RODATA_SIZE / 8) * 8);
		emit(g, INSN(BPF_LDX | load_mode(g, size) | sizes[size], dst,
			     dst, 0, 0));
		break;
	case 8:
		/* a table with an index */
		if (dst == 0 || !(g->live & ~1)) {
			mov_k(g, dst, 5);
			break;
		}
		mov_x(g, 0, pick(g->r, g->live & ~1));
		alu_k(g, BPF_AND, 0, 0x78 >> below(g->r, 4));
		ld_imm64(g, dst, BPF_PSEUDO_MAP_VALUE, world.rodata_fd, 64);
		emit(g, INSN(BPF_ALU64 | BPF_ADD | BPF_X, dst, 0, 0, 0));
		emit(g, INSN(BPF_LDX | load_mode(g, size) | sizes[size], dst,
			     dst, 0, 0));
		g->live |= 1;
		break;
	case 9:
		if (one_in(g->r, 2)) {
			helper_number(g, dst);
			break;
		}
		/* fall through */
	default:
		emit(g, INSN(BPF_LDX | load_mode(g, size) | sizes[size], dst,
			     BPF_REG_7, below(g->r, g->plen + 1 - (1 << size)),
			     0));
		break;
	}
	g->live |= 1 << dst;
	if (!one_in(g->r, 4))
		shrink(g, dst);
}

static int pick_live(struct gen *g)
{
	if (!g->live || one_in(g->r, 6)) {
		int dst = pick_dst(g);

		number(g, dst);
		return dst;
	}
	return pick(g->r, g->live);
}

static void spill(struct gen *g)
{
	int slot = -8 * (1 + (int)below(g->r, SPILLS)), size = below(g->r, 4);

	/* often enough whole, which keeps bounds */
	if (one_in(g->r, 2))
		size = 3;
	if (size < 3)
		slot += below(g->r, 8 >> size) << size;
	if (one_in(g->r, 5))
		emit(g, INSN(BPF_ST | BPF_MEM | sizes[size], BPF_REG_10, 0,
			     slot, interesting(g)));
	else
		emit(g, INSN(BPF_STX | BPF_MEM | sizes[size], BPF_REG_10,
			     pick_live(g), slot, 0));
}

static void do_atomic(struct gen *g)
{
	static const int ops[] = {
		BPF_ADD,
		BPF_OR,
		BPF_AND,
		BPF_XOR,
		BPF_ADD | BPF_FETCH,
		BPF_OR | BPF_FETCH,
		BPF_AND | BPF_FETCH,
		BPF_XOR | BPF_FETCH,
		BPF_XCHG,
		BPF_CMPXCHG,
	};
	int op = ops[below(g->r, 10)], src = pick_dst(g);
	bool wide = one_in(g->r, 2);

	if (op == BPF_CMPXCHG && !(g->live & 1))
		number(g, 0);
	number(g, src);
	emit(g, INSN(BPF_STX | BPF_ATOMIC | (wide ? BPF_DW : BPF_W), BPF_REG_10,
		     src, -8 * (1 + (int)below(g->r, SPILLS)), op));
}

static void alu_op(struct gen *g)
{
	static const uint8_t ops[] = {
		BPF_ADD, BPF_SUB, BPF_MUL,  BPF_OR,  BPF_AND, BPF_XOR, BPF_MOV,
		BPF_LSH, BPF_RSH, BPF_ARSH, BPF_DIV, BPF_MOD, BPF_NEG, BPF_END,
		BPF_ADD, BPF_SUB, BPF_AND,  BPF_XOR, BPF_MOV,
	};
	static const int swaps[] = { 16, 32, 64 };
	int op = ops[below(g->r, sizeof(ops))], dst = pick_live(g), src, imm;
	int class = one_in(g->r, 3) ? BPF_ALU : BPF_ALU64, off = 0;
	unsigned int bits = class == BPF_ALU ? 32 : 64;

	if (g->pinned & (1 << dst)) {
		int from = dst;

		dst = pick_dst(g);
		mov_x(g, dst, from);
		g->live |= 1 << dst;
	}
	if ((op == BPF_DIV || op == BPF_MOD) && one_in(g->r, 3))
		off = 1; /* signed */
	if (op == BPF_NEG) {
		emit(g, INSN(class | BPF_NEG, dst, 0, 0, 0));
	} else if (op == BPF_END) {
		src = class == BPF_ALU && one_in(g->r, 2) ? BPF_TO_BE
							  : BPF_TO_LE;
		emit(g, INSN(class | BPF_END | src, dst, 0, 0,
			     swaps[below(g->r, 3)]));
	} else if (one_in(g->r, 2)) {
		imm = interesting(g);
		if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
			imm = (uint32_t)imm % bits;
		if ((op == BPF_DIV || op == BPF_MOD) && !imm)
			imm = 3;
		emit(g, INSN(class | op | BPF_K, dst, 0, off, imm));
	} else {
		src = pick(g->r, g->live);
		if (op == BPF_MOV && one_in(g->r, 3))
			off = 8 << below(g->r, class == BPF_ALU ? 2 : 3);
		emit(g, INSN(class | op | BPF_X, dst, src, off, 0));
	}
	if (one_in(g->r, 3))
		shrink(g, dst);
}

static void write_packet(struct gen *g)
{
	int size = below(g->r, 4), off = below(g->r, g->plen + 1 - (1 << size));

	if (one_in(g->r, 3))
		emit(g, INSN(BPF_ST | BPF_MEM | sizes[size], BPF_REG_7, 0, off,
			     interesting(g)));
	else
		emit(g, INSN(BPF_STX | BPF_MEM | sizes[size], BPF_REG_7,
			     pick_live(g), off, 0));
}

/* Emit a comparison of numbers, return the jump. */
static int compare(struct gen *g)
{
	static const uint8_t ops[] = {
		BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,	BPF_JLT,  BPF_JLE,
		BPF_JSET, BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE,
	};
	int op = ops[below(g->r, sizeof(ops))], dst = pick_live(g), src;
	int class = one_in(g->r, 3) ? BPF_JMP32 : BPF_JMP;

	g->branches += g->times;
	if (one_in(g->r, 3) && g->live & ~(1U << dst)) {
		src = pick(g->r, g->live & ~(1U << dst));
		return emit(g, INSN(class | op | BPF_X, dst, src, 0, 0));
	}
	return emit(g, INSN(class | op | BPF_K, dst, 0, 0,
			    op == BPF_JSET ? 1 + (int)below(g->r, 255)
					   : interesting(g)));
}

static void block(struct gen *g, int statements);

static void branch(struct gen *g)
{
	int at = compare(g), over;
	unsigned int live = g->live, then;
	bool buffer = g->buffer;

	block(g, 1 + below(g->r, 3));
	if (one_in(g->r, 2)) {
		over = jump(g);
		here(g, at);
		then = g->live;
		g->live = live;
		if (!one_in(g->r, 6))
			block(g, 1 + below(g->r, 3));
		here(g, over);
		g->live &= then;
	} else {
		here(g, at);
		g->live &= live;
	}
	g->buffer = buffer;
}

/* Several comparisons of one number: a parser's switch. */
static void choose(struct gen *g)
{
	int arms = 2 + below(g->r, 4), out[8], i, r = pick_live(g);
	unsigned int live = g->live, join = live;

	g->branches += arms * g->times;
	for (i = 0; i < arms; i++) {
		int at = emit(
			g,
			INSN(BPF_JMP | (one_in(g->r, 5) ? BPF_JGT : BPF_JNE) |
				     BPF_K,
			     r, 0, 0, below(g->r, 8)));

		block(g, 1 + below(g->r, 2));
		join &= g->live;
		out[i] = jump(g);
		here(g, at);
		g->live = live;
	}
	for (i = 0; i < arms; i++)
		here(g, out[i]);
	g->live = join;
}

/* Set R2 to the packet pointer plus a variable, check it, access it. Programs that
 * are sanitized cannot do that.
 */
static void variable_access(struct gen *g)
{
	int index = pick_live(g), size = below(g->r, 4), at, value, off;
	unsigned int live;

	if (g->sanitized) {
		alu_op(g);
		return;
	}
	/* R2: the pointer, R3: its end, R4: the end of the packet */
	off = below(g->r, 8);
	if (index != 2)
		mov_x(g, 2, index);
	alu_k(g, BPF_AND, 2, one_in(g->r, 2) ? 31 : 0x3c);
	emit(g, INSN(BPF_ALU64 | BPF_ADD | BPF_X, 2, BPF_REG_7, 0, 0));
	mov_x(g, 3, 2);
	alu_k(g, BPF_ADD, 3, off + (1 << size));
	emit(g, INSN(BPF_LDX | BPF_MEM | BPF_W, 4, BPF_REG_6,
		     offsetof(struct hwirq_md, data_end), 0));
	g->live &= ~0x1c;
	live = g->live;
	if (one_in(g->r, 2))
		at = emit(g, INSN(BPF_JMP | BPF_JGT | BPF_X, 3, 4, 0, 0));
	else
		at = emit(g, INSN(BPF_JMP | BPF_JLT | BPF_X, 4, 3, 0, 0));
	if (one_in(g->r, 3) && g->live) {
		value = pick(g->r, g->live);
		emit(g,
		     INSN(BPF_STX | BPF_MEM | sizes[size], 2, value, off, 0));
	} else {
		value = pick(g->r, 0x321 & ~g->pinned);
		emit(g, INSN(BPF_LDX | load_mode(g, size) | sizes[size], value,
			     2, off, 0));
		g->live |= 1 << value;
		if (one_in(g->r, 2))
			block(g, 1);
	}
	here(g, at);
	g->live &= live;
}

/* Compare a pointer with the end of the packet, move it, and compare it again: what was
 * learnt holds where it was learnt.
 */
static void moved_pointer(struct gen *g)
{
	static const uint8_t ops[] = { BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE };
	unsigned int free = 0x300 & g->live & ~g->pinned, live;
	uint8_t op = ops[below(g->r, 4)];
	bool buffer = g->buffer;
	int at;

	if (g->sanitized || !free) {
		alu_op(g);
		return;
	}
	/* R2: the pointer, R3: the end of the packet */
	mov_x(g, 2, BPF_REG_7);
	alu_k(g, BPF_ADD, 2, below(g->r, 200));
	emit(g, INSN(BPF_LDX | BPF_MEM | BPF_W, 3, BPF_REG_6,
		     offsetof(struct hwirq_md, data_end), 0));
	g->live &= ~0xc;
	at = emit(g, INSN(BPF_JMP | op | BPF_X, 2, 3, 0, 0));
	/* what a loop behind it may count to */
	mov_k(g, pick(g->r, free), below(g->r, 4));
	here(g, at);
	if (one_in(g->r, 2))
		alu_k(g, BPF_SUB, 2, below(g->r, 200));
	else
		alu_k(g, BPF_ADD, 2, (int)below(g->r, 400) - 200);
	at = emit(g, INSN(BPF_JMP | op | BPF_X, 2, 3, 0, 0));
	g->branches += 2 * g->times;
	live = g->live;
	block(g, 2);
	here(g, at);
	g->live &= live;
	g->buffer = buffer;
}

/* Return from here: the rest of the function is another path. */
static void leave(struct gen *g)
{
	if (one_in(g->r, 3) || !(g->live & 0x300))
		mov_k(g, 0, below(g->r, 4));
	else
		mov_x(g, 0, pick(g->r, g->live & 0x300));
	alu_k(g, BPF_AND, 0, 3);
	emit(g, INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

static void maybe_leave(struct gen *g)
{
	unsigned int live;
	int at;

	if (g->holding)
		return;
	at = compare(g);
	live = g->live;
	leave(g);
	here(g, at);
	g->live = live;
}

/* Find out that the packet is longer, or leave. */
static void longer_packet(struct gen *g)
{
	unsigned int len = g->plen + 1 + below(g->r, 24);
	int at;

	if (g->holding || g->nesting || len > 96)
		return;
	mov_x(g, 2, BPF_REG_7);
	alu_k(g, BPF_ADD, 2, len);
	emit(g, INSN(BPF_LDX | BPF_MEM | BPF_W, 3, BPF_REG_6,
		     offsetof(struct hwirq_md, data_end), 0));
	at = emit(g, INSN(BPF_JMP | BPF_JLE | BPF_X, 2, 3, 0, 0));
	leave(g);
	here(g, at);
	g->live &= ~0xd;
	g->plen = len;
}

static void call_static(struct gen *g)
{
	struct func *f = g->f;
	int target, src;

	if (g->self + 1 >= g->funcs || f->calls == 64) {
		alu_op(g);
		return;
	}
	target = g->self + 1 + below(g->r, g->funcs - g->self - 1);
	/* its registers are set from the last to the first */
	if (f->cost + g->times * g->func[target].cost > g->budget) {
		alu_op(g);
		return;
	}
	src = g->live ? pick(g->r, g->live) : -1;
	if (src < 0)
		mov_k(g, 3, 5);
	else if (src != 3)
		mov_x(g, 3, src);
	src = g->live & ~8 ? pick(g->r, g->live & ~8) : -1;
	if (src < 0)
		mov_k(g, 2, interesting(g));
	else if (src != 2)
		mov_x(g, 2, src);
	mov_x(g, 1, BPF_REG_6);
	mov_x(g, 4, BPF_REG_7);
	f->call[f->calls].at = f->cnt;
	f->call[f->calls++].target = target;
	emit(g, INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0));
	f->cost += g->times * g->func[target].cost;
	g->live = (g->live & ~CALLER_SAVED) | 1;
	if (one_in(g->r, 2))
		shrink(g, 0);
	if (!(g->pinned & 0x100) && one_in(g->r, 3))
		mov_x(g, 8, 0);
}

static void fill_buffer(struct gen *g)
{
	int off;

	if (g->buffer)
		return;
	for (off = BUFFER; off < BUFFER + BUFFER_SIZE; off += 8)
		if (one_in(g->r, 2))
			emit(g, INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0,
				     off, interesting(g)));
		else
			emit(g, INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10,
				     pick_live(g), off, 0));
	g->buffer = true;
}

/* Set dst to the size of something of at most 'max' bytes. */
static void size_arg(struct gen *g, int dst, unsigned int max,
		     unsigned int *bound)
{
	static const int masks[] = { 4, 8, 12, 16, 20, 24, 28, 3, 7, 15 };
	int mask;

	if (one_in(g->r, 3)) {
		*bound = below(g->r, max / 4 + 1) * 4;
		mov_k(g, dst, *bound);
		return;
	}
	mask = masks[below(g->r, max >= 28 ? 10 : max >= 16 ? 4 : 1)];
	/* mostly multiples of 4, which the helper wants */
	if ((unsigned int)mask > max)
		mask = 4;
	*bound = mask;
	if (g->live & (1 << dst))
		;
	else if (g->live & ~0x3e)
		mov_x(g, dst, pick(g->r, g->live & ~0x3e));
	else
		emit(g, INSN(BPF_LDX | BPF_MEM | BPF_B, dst, BPF_REG_7,
			     below(g->r, g->plen), 0));
	alu_k(g, BPF_AND, dst, mask);
}

static void buffer_arg(struct gen *g, int dst, int size, unsigned int *bound)
{
	unsigned int off;

	switch (below(g->r, 4)) {
	case 0:
		mov_k(g, dst, 0);
		mov_k(g, size, 0);
		*bound = 0;
		return;
	case 1:
		off = below(g->r, g->plen - 3);
		size_arg(g, size, g->plen - off, bound);
		mov_x(g, dst, BPF_REG_7);
		alu_k(g, BPF_ADD, dst, off);
		return;
	default:
		off = below(g->r, BUFFER_SIZE / 8) * 8;
		size_arg(g, size, BUFFER_SIZE - off, bound);
		mov_x(g, dst, BPF_REG_10);
		alu_k(g, BPF_ADD, dst, BUFFER + off);
	}
}

static void checksum(struct gen *g)
{
	unsigned int from, to;

	fill_buffer(g);
	buffer_arg(g, 1, 2, &from);
	buffer_arg(g, 3, 4, &to);
	if (one_in(g->r, 2))
		mov_k(g, 5, interesting(g));
	else
		emit(g, INSN(BPF_LDX | BPF_MEM | BPF_W, 5, BPF_REG_7, 4, 0));
	call_helper(g, BPF_FUNC_csum_diff, from + to);
}

/* The ring, and copies of the frame. */

static void ring_in_r1(struct gen *g)
{
	g->live &= ~2;
	ld_imm64(g, 1, BPF_PSEUDO_MAP_FD, world.ring_fd, 0);
}

static void copy_frame(struct gen *g, int record, unsigned int record_len)
{
	unsigned int max = record < 0 ? BUFFER_SIZE : record_len, len;

	if (record < 0)
		fill_buffer(g);
	if (one_in(g->r, 3) || !(g->live & ~0x3e)) {
		mov_k(g, 2, below(g->r, 80));
	} else {
		mov_x(g, 2, pick(g->r, g->live & ~0x3e));
		if (!one_in(g->r, 4))
			shrink(g, 2);
	}
	if (max >= 16 && one_in(g->r, 2) && g->live & ~0x3e) {
		mov_x(g, 4, pick(g->r, g->live & ~0x3e));
		alu_k(g, BPF_AND, 4, 15);
		alu_k(g, BPF_ADD, 4, 1);
		len = 16;
	} else {
		len = 1 + below(g->r, max < 128 ? max : 128);
		mov_k(g, 4, len);
	}
	if (record < 0) {
		mov_x(g, 3, BPF_REG_10);
		alu_k(g, BPF_ADD, 3, BUFFER);
	} else {
		mov_x(g, 3, record);
	}
	mov_x(g, 1, BPF_REG_6);
	call_helper(g, BPF_FUNC_xdp_load_bytes, len);
}

static void write_record(struct gen *g, int record, unsigned int len)
{
	int n = 1 + below(g->r, 4), size;

	while (n--) {
		size = below(g->r, 4);
		if (len < 1U << size)
			continue;
		emit(g, INSN(BPF_STX | BPF_MEM | sizes[size], record,
			     pick(g->r, g->live & 0x300 ? g->live & 0x300
							: 1 << BPF_REG_10),
			     below(g->r, len + 1 - (1 << size)), 0));
	}
}

static void commit(struct gen *g, int record)
{
	static const int flags[] = { 0, 0, 0, BPF_RB_NO_WAKEUP,
				     BPF_RB_FORCE_WAKEUP };

	if (record != 1)
		mov_x(g, 1, record);
	mov_k(g, 2, flags[below(g->r, 5)]);
	call_helper(g,
		    one_in(g->r, 4) ? BPF_FUNC_ringbuf_discard
				    : BPF_FUNC_ringbuf_submit,
		    0);
	g->live &= ~1; /* they return nothing */
}

/* Reserve a record, and submit or discard it at once or after other statements. */
static void reserve(struct gen *g)
{
	static const int sizes_of_records[] = {
		1,
		8,
		13,
		16,
		24,
		32,
		40,
		64,
		128,
		1000,
		RING_SIZE - 16,
		RING_SIZE - 15,
	};
	unsigned int len = sizes_of_records[below(g->r, 12)];
	bool hold = !g->holding && !(g->pinned & 0x200) && one_in(g->r, 2);
	int at, over, record = 0;

	ring_in_r1(g);
	mov_k(g, 2, len);
	mov_k(g, 3, one_in(g->r, 30));
	call_helper(g, BPF_FUNC_ringbuf_reserve, 0);
	g->live &= ~1;
	at = emit(g, INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0));
	if (hold) {
		record = 9;
		mov_x(g, 9, 0);
		g->live &= ~0x200;
		g->pinned |= 0x200;
		g->holding = true;
		if (one_in(g->r, 2))
			copy_frame(g, 9, len);
		block(g, 1 + below(g->r, 2));
		g->holding = false;
	}
	write_record(g, record, len);
	if (one_in(g->r, 3) && g->live & 0x100) {
		over = emit(g, INSN(BPF_JMP | BPF_JGT | BPF_K, 8, 0, 0,
				    interesting(g)));
		commit(g, record);
		if (hold)
			mov_k(g, 9, interesting(g));
		jump(g);
		here(g, over);
		over = g->f->cnt - 1;
		commit(g, record);
		if (hold)
			mov_k(g, 9, interesting(g));
		here(g, over);
	} else {
		commit(g, record);
		if (hold)
			mov_k(g, 9, interesting(g));
	}
	here(g, at);
	if (hold) {
		g->pinned &= ~0x200;
		g->live |= 0x200;
	}
	g->live &= 0x300;
}

static void ring_output(struct gen *g)
{
	static const int flags[] = { 0, 0, BPF_RB_NO_WAKEUP,
				     BPF_RB_FORCE_WAKEUP, 4 };
	unsigned int bytes, off;

	fill_buffer(g);
	if (one_in(g->r, 2)) {
		off = below(g->r, g->plen - 3);
		size_arg(g, 3, g->plen - off, &bytes);
		mov_x(g, 2, BPF_REG_7);
		alu_k(g, BPF_ADD, 2, off);
	} else {
		off = below(g->r, BUFFER_SIZE / 8) * 8;
		size_arg(g, 3, BUFFER_SIZE - off, &bytes);
		mov_x(g, 2, BPF_REG_10);
		alu_k(g, BPF_ADD, 2, BUFFER + off);
	}
	ring_in_r1(g);
	mov_k(g, 4, flags[below(g->r, one_in(g->r, 5) ? 5 : 4)]);
	call_helper(g, BPF_FUNC_ringbuf_output, bytes);
}

static void ring_query(struct gen *g)
{
	ring_in_r1(g);
	mov_k(g, 2, below(g->r, g->deterministic ? BPF_RB_CONS_POS : 5));
	call_helper(g, BPF_FUNC_ringbuf_query, 0);
}

/* Loops. All of them keep only R8 and R9 over the back edge. */

static void loop_body(struct gen *g, int *brk, unsigned int trips)
{
	double times = g->times;

	g->live &= 0x300;
	g->times *= trips;
	*brk = -1;
	if (one_in(g->r, 3))
		*brk = compare(g);
	block(g, 1 + below(g->r, 3));
	g->times = times;
}

static unsigned int trips_for(struct gen *g, unsigned int max)
{
	double left = g->budget - g->f->cost;
	unsigned int most = left / (40 * g->times);

	if (g->sanitized)
		max = 4;
	if (most > max)
		most = max;
	if (most < 2)
		return 2;
	return 2 + below(g->r, most - 1);
}

/* for (i = 0; i < K; i++), with i on the stack or in a register */
static void loop_constant(struct gen *g)
{
	static const uint8_t ops[] = { BPF_JLT, BPF_JNE, BPF_JSLT, BPF_JLE };
	int slot = LOOP_SLOT(g->loops - 1), k = trips_for(g, 24), top, brk;
	uint8_t op = ops[below(g->r, 4)],
		size = one_in(g->r, 3) ? BPF_W : BPF_DW;
	uint8_t class = one_in(g->r, 3) ? BPF_JMP32 : BPF_JMP;
	int reg = 8 + below(g->r, 2);

	if (!(g->pinned & (1 << reg)) && one_in(g->r, 2)) {
		mov_k(g, reg, 0);
		g->live |= 1 << reg;
		g->pinned |= 1 << reg;
		top = g->f->cnt;
		loop_body(g, &brk, k);
		alu_k(g, BPF_ADD, reg, 1);
		emit(g, INSN(class | op | BPF_K, reg, 0, 0, k));
		back_to(g, top);
		g->pinned &= ~(1 << reg);
	} else {
		emit(g, INSN(BPF_ST | BPF_MEM | size, BPF_REG_10, 0, slot, 0));
		top = g->f->cnt;
		loop_body(g, &brk, k);
		emit(g, INSN(BPF_LDX | BPF_MEM | size, 0, BPF_REG_10, slot, 0));
		alu_k(g, BPF_ADD, 0, 1);
		emit(g, INSN(BPF_STX | BPF_MEM | size, BPF_REG_10, 0, slot, 0));
		emit(g, INSN(class | op | BPF_K, 0, 0, 0, k));
		back_to(g, top);
	}
	if (brk >= 0)
		here(g, brk);
}

/* n = number with a bound; while (n) n--; the other way is i < n */
static void loop_variable(struct gen *g)
{
	static const int masks[] = { 1, 3, 7, 7, 15 };
	int slot = LOOP_SLOT(g->loops - 1), top, out, brk, n = pick_live(g), k;
	bool up = one_in(g->r, 2);

	k = masks[below(g->r, g->sanitized ? 2 : g->times > 8 ? 3 : 5)];
	if (one_in(g->r, 3)) {
		/* a bound by comparison */
		int skip = emit(g, INSN(BPF_JMP | BPF_JLE | BPF_K, n, 0, 0, k));

		if (g->pinned & (1 << n)) {
			g->f->insn[skip].off = 0;
			mov_x(g, 0, n);
			n = 0;
			alu_k(g, BPF_AND, 0, k);
		} else {
			mov_k(g, n, k);
			here(g, skip);
		}
	} else {
		if (n != 0)
			mov_x(g, 0, n);
		n = 0;
		alu_k(g, BPF_AND, 0, k);
	}
	emit(g, INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, n, slot, 0));
	if (up && !(g->pinned & 0x200)) {
		mov_k(g, 9, 0);
		g->pinned |= 0x200;
		g->live |= 0x200;
		top = g->f->cnt;
		emit(g,
		     INSN(BPF_LDX | BPF_MEM | BPF_DW, 1, BPF_REG_10, slot, 0));
		out = emit(g,
			   INSN((one_in(g->r, 4) ? BPF_JMP32 : BPF_JMP) |
					(one_in(g->r, 3) ? BPF_JSGE : BPF_JGE) |
					BPF_X,
				9, 1, 0, 0));
		loop_body(g, &brk, k);
		alu_k(g, BPF_ADD, 9, 1);
		g->pinned &= ~0x200;
	} else {
		top = g->f->cnt;
		emit(g,
		     INSN(BPF_LDX | BPF_MEM | BPF_DW, 1, BPF_REG_10, slot, 0));
		out = emit(g, INSN(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0, 0));
		if (one_in(g->r, 4))
			alu_k(g, BPF_RSH, 1, 1);
		else
			alu_k(g, BPF_SUB, 1, 1);
		emit(g,
		     INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, 1, slot, 0));
		loop_body(g, &brk, k);
	}
	jump(g);
	back_to(g, top);
	here(g, out);
	if (brk >= 0)
		here(g, brk);
}

/* for (i = 0; i < K; i += 1 + a variable) */
static void loop_step(struct gen *g)
{
	int slot = LOOP_SLOT(g->loops - 1), k = trips_for(g, 10), top, brk;
	int step = 1 + below(g->r, 2);

	emit(g, INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, slot, 0));
	top = g->f->cnt;
	loop_body(g, &brk, k);
	emit(g, INSN(BPF_LDX | BPF_MEM | BPF_B, 1, BPF_REG_7,
		     below(g->r, g->plen), 0));
	alu_k(g, BPF_AND, 1, one_in(g->r, 2) ? 1 : 3);
	alu_k(g, BPF_ADD, 1, step);
	emit(g, INSN(BPF_LDX | BPF_MEM | BPF_DW, 0, BPF_REG_10, slot, 0));
	emit(g, INSN(BPF_ALU64 | BPF_ADD | BPF_X, 0, 1, 0, 0));
	emit(g, INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, 0, slot, 0));
	emit(g, INSN(BPF_JMP | BPF_JLT | BPF_K, 0, 0, 0, k * step));
	back_to(g, top);
	if (brk >= 0)
		here(g, brk);
}

/* Go through the packet until its end, K steps at most. */
static void loop_packet(struct gen *g)
{
	int slot = LOOP_SLOT(g->loops - 1), k = trips_for(g, 20), top, end, brk;
	int reg = 8 + below(g->r, 2), size = below(g->r, 3), width = 1 << size;

	if (g->pinned & (1 << reg) || g->sanitized) {
		loop_constant(g);
		return;
	}
	/* R1: the offset, R2: the pointer, R3: its end, R4: the packet's end */
	emit(g, INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, slot, 0));
	top = g->f->cnt;
	emit(g, INSN(BPF_LDX | BPF_MEM | BPF_DW, 1, BPF_REG_10, slot, 0));
	mov_x(g, 2, BPF_REG_7);
	emit(g, INSN(BPF_ALU64 | BPF_ADD | BPF_X, 2, 1, 0, 0));
	mov_x(g, 3, 2);
	alu_k(g, BPF_ADD, 3, width);
	emit(g, INSN(BPF_LDX | BPF_MEM | BPF_W, 4, BPF_REG_6,
		     offsetof(struct hwirq_md, data_end), 0));
	end = emit(g, INSN(BPF_JMP | BPF_JGT | BPF_X, 3, 4, 0, 0));
	emit(g, INSN(BPF_LDX | BPF_MEM | sizes[size], reg, 2, 0, 0));
	alu_k(g, BPF_ADD, 1, width);
	if (one_in(g->r, 3)) {
		/* as if over options with a length */
		mov_x(g, 3, reg);
		alu_k(g, BPF_AND, 3, 3);
		emit(g, INSN(BPF_ALU64 | BPF_ADD | BPF_X, 1, 3, 0, 0));
	}
	emit(g, INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, 1, slot, 0));
	loop_body(g, &brk, k);
	emit(g, INSN(BPF_LDX | BPF_MEM | BPF_DW, 1, BPF_REG_10, slot, 0));
	emit(g, INSN(BPF_JMP | BPF_JLT | BPF_K, 1, 0, 0, k * width));
	back_to(g, top);
	here(g, end);
	if (brk >= 0)
		here(g, brk);
}

static void loop(struct gen *g)
{
	unsigned int pinned = g->pinned;

	if (g->loops == LOOPS_MAX || g->f->cost + 100 * g->times > g->budget ||
	    (g->sanitized && (g->loops || !one_in(g->r, 150)))) {
		alu_op(g);
		return;
	}
	g->loops++;
	switch (below(g->r, 7)) {
	case 0:
	case 1:
		loop_constant(g);
		break;
	case 2:
	case 3:
	case 4:
		loop_variable(g);
		break;
	case 5:
		loop_step(g);
		break;
	case 6:
		loop_packet(g);
		break;
	}
	g->loops--;
	g->pinned = pinned;
	/* The body may have been skipped, or left. */
	g->live &= 0x300;
}

static void statement(struct gen *g)
{
	double most = g->sanitized ? BRANCHES_SANITIZED : BRANCHES_MAX;
	bool deep = g->nesting > 5 || g->branches + g->times > most;
	bool buffer;

	switch (below(g->r, deep ? 9 : world.ring_fd < 0 ? 21 : 23)) {
	case 0:
	case 1:
	case 2:
	case 3:
		alu_op(g);
		break;
	case 4:
		number(g, pick_dst(g));
		break;
	case 5:
	case 6:
		spill(g);
		break;
	case 7:
		write_packet(g);
		break;
	case 8:
		if (one_in(g->r, 3))
			do_atomic(g);
		else
			alu_op(g);
		break;
	case 9:
	case 10:
	case 11:
		branch(g);
		break;
	case 12:
		choose(g);
		break;
	case 13:
	case 14:
	case 15:
		buffer = g->buffer;
		loop(g);
		g->buffer = buffer;
		break;
	case 16:
		if (one_in(g->r, 3))
			moved_pointer(g);
		else
			variable_access(g);
		break;
	case 17:
	case 18:
		call_static(g);
		break;
	case 19:
		checksum(g);
		break;
	case 20:
		if (one_in(g->r, 2))
			maybe_leave(g);
		else
			longer_packet(g);
		break;
	case 21:
	case 22:
		/* some of it costs as much as the rest of a program */
		if (g->f->cost + 600 * g->times > g->budget && !one_in(g->r, 8))
			alu_op(g);
		else if (one_in(g->r, 3))
			copy_frame(g, -1, 0);
		else if (one_in(g->r, 6))
			ring_query(g);
		else if (one_in(g->r, 3))
			ring_output(g);
		else
			reserve(g);
		break;
	}
}

static void block(struct gen *g, int statements)
{
	bool buffer = g->buffer;

	g->nesting++;
	while (statements-- && !full(g) && g->f->cost < g->budget)
		statement(g);
	g->nesting--;
	g->buffer = buffer;
}

static void function(struct gen *g, int self)
{
	int i, size;

	g->self = self;
	g->f = &g->func[self];
	g->f->cnt = 0;
	g->f->calls = 0;
	g->f->cost = 0;
	g->live = 0;
	g->pinned = 0;
	g->buffer = false;
	g->holding = false;
	g->loops = 0;
	g->nesting = 0;
	g->times = 1;
	g->branches = 0;

	mov_x(g, 6, 1);
	if (self) {
		mov_x(g, 8, 2);
		mov_x(g, 9, 3);
		mov_x(g, 7, 4);
		g->live = 0x300;
		g->plen = MIN_FRAME;
		/* in a few of them more, in most little */
		g->budget = one_in(g->r, 4) ? 600 : 60 + below(g->r, 120);
	} else {
		int skip;

		g->plen = MIN_FRAME + below(g->r, one_in(g->r, 2) ? 50 : 8);
		emit(g, INSN(BPF_LDX | BPF_MEM | BPF_W, 7, 6, 0, 0));
		emit(g, INSN(BPF_LDX | BPF_MEM | BPF_W, 3, 6,
			     offsetof(struct hwirq_md, data_end), 0));
		mov_x(g, 2, 7);
		alu_k(g, BPF_ADD, 2, g->plen);
		skip = emit(g, INSN(BPF_JMP | BPF_JLE | BPF_X, 2, 3, 0, 0));
		mov_k(g, 0, HWIRQ_DROP);
		emit(g, INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
		here(g, skip);
		/* programs of all sizes, up to the limit of a path */
		g->budget = one_in(g->r, 8) ? 2500 : 100 + below(g->r, 900);
	}
	if (g->sanitized)
		g->budget *= 2; /* each store takes 31 */
	if (g->mode->blinding)
		g->budget *= 1.5;

	for (i = 1; i <= SPILLS; i++) {
		if (self && i > 2) {
			emit(g, INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0,
				     -8 * i, interesting(g)));
			continue;
		}
		size = below(g->r, 4);
		emit(g, INSN(BPF_LDX | BPF_MEM | sizes[size], 1, BPF_REG_7,
			     below(g->r, MIN_FRAME + 1 - (1 << size)), 0));
		emit(g, INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, 1, -8 * i,
			     0));
	}
	if (!self) {
		number(g, 8);
		number(g, 9);
	}

	for (i = self ? 1 + below(g->r, 4) : 40;
	     i && !full(g) && g->f->cost < g->budget; i--)
		statement(g);
	leave(g);
}

void generate(struct program *p, const struct mode *mode, struct rng *r)
{
	static struct gen gen;
	struct gen *g = &gen;
	int start[FUNCS], i, j;
	unsigned int reached = 1;

	g->r = r;
	g->mode = mode;
	/* all branches are followed the wrong way, too */
	g->sanitized = !mode->perfmon && world.mitigations;
	g->deterministic = !one_in(r, 4);
	g->funcs = 1 + below(r, FUNCS);
	/* the called ones first: what they cost is known then */
	for (i = g->funcs - 1; i >= 0; i--)
		function(g, i);

	/* A function that nothing calls would be refused. */
	for (i = 0; i < g->funcs; i++)
		if (reached & (1 << i))
			for (j = 0; j < g->func[i].calls; j++)
				reached |= 1 << g->func[i].call[j].target;
	p->cnt = 0;
	for (i = 0; i < g->funcs; i++) {
		start[i] = p->cnt;
		if (!(reached & (1 << i)))
			continue;
		memcpy(&p->insn[p->cnt], g->func[i].insn,
		       g->func[i].cnt * sizeof(p->insn[0]));
		p->cnt += g->func[i].cnt;
	}
	for (i = 0; i < g->funcs; i++) {
		if (!(reached & (1 << i)))
			continue;
		for (j = 0; j < g->func[i].calls; j++) {
			int at = start[i] + g->func[i].call[j].at;

			p->insn[at].imm =
				start[g->func[i].call[j].target] - at - 1;
		}
	}
	p->deterministic = g->deterministic;
	p->flags = 0;
}
